import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A relay in front of a server, whose connections can break without the client's hearing of it. */
export interface Proxy {
  readonly port: number;
  /** Connections made so far. */
  readonly connections: number;
  /** Each connection there is now breaks at the client's next word. */
  poison(): void;
  /** Each connection there is now passes nothing on any more, and stays open. */
  silence(): void;
  close(): Promise<void>;
}

export async function startProxy(host: string, port: number): Promise<Proxy> {
  const links = new Map<Socket, { fate: "relayed" | "poisoned" | "silent" }>();
  let connections = 0;
  const server = createServer((client) => {
    connections += 1;
    const upstream = connect(port, host);
    const link: { fate: "relayed" | "poisoned" | "silent" } = { fate: "relayed" };
    links.set(client, link);
    const end = (): void => {
      links.delete(client);
      client.destroy();
      upstream.destroy();
    };
    client.on("data", (data) => {
      if (link.fate === "poisoned") end();
      else if (link.fate === "relayed") upstream.write(data);
    });
    upstream.on("data", (data) => {
      if (link.fate === "relayed") client.write(data);
    });
    for (const socket of [client, upstream]) socket.on("error", end).on("close", end);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const doom = (fate: "poisoned" | "silent"): void => {
    for (const link of links.values()) link.fate = fate;
  };
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    poison: () => doom("poisoned"),
    silence: () => doom("silent"),
    close: async () => {
      const closed = once(server, "close");
      server.close();
      for (const client of links.keys()) client.destroy();
      await closed;
    },
  };
}
