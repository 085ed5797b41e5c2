import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { afterAll, expect, test } from "vitest";
import { createContext, failure, recorded, until } from "./context.ts";
import { startThrowawayMySqlServer } from "@org/warehouse-emulators/mysql";
import { openObserver } from "./observer.ts";

const { observer, server, source } = await createContext();
const other = await startThrowawayMySqlServer({ user: server.options.user, password: server.options.password });
const otherObserver = await openObserver(other);

/** A proxy whose first connection goes to one server, and all others to the other. */
const sockets: Socket[] = [];
const proxy = createServer((client) => {
  const upstream = connect(sockets.length === 0 ? server.options.port : other.options.port, "127.0.0.1");
  sockets.push(client, upstream);
  for (const socket of [client, upstream]) socket.on("error", () => undefined);
  client.pipe(upstream).pipe(client);
}).listen(0, "127.0.0.1");
await once(proxy, "listening");
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  proxy.close();
  await otherObserver.close();
  await other.close();
});

test("a KILL QUERY that would reach another server is not sent: the connection is closed instead", async () => {
  const { events, onEvent } = recorded();
  const { port } = proxy.address() as { port: number };
  const reader = source({ port, ssl: false, onEvent, pool: { max: 1 } });
  const caller = new AbortController();
  const running = failure(reader.query("select sleep(30) as elsewhere_1", { signal: caller.signal }));
  await until(async () => (await observer.activeStatements("elsewhere_1")) === 1);
  // Somebody else's statement, on the server that a kill by the proxy would reach.
  const bystander = source({ port: other.options.port, ssl: false, pool: { max: 1 } });
  const innocent = bystander.query("select sleep(3) as innocent_1");
  await until(async () => (await otherObserver.activeStatements("innocent_1")) === 1);

  caller.abort();
  expect(await running).toMatchObject({ code: "CANCELLED" });
  // The server sees that nobody is there any more.
  await until(async () => (await observer.activeStatements("elsewhere_1")) === 0, 10_000);
  const kills = await otherObserver.query("show global status like 'Com_kill'");
  expect(kills).toEqual([{ Variable_name: "Com_kill", Value: "0" }]);
  expect((await innocent).rows).toEqual([{ innocent_1: 0n }]);
  expect(events).toContainEqual({ type: "connection-closed", reason: "It was lost" });
  expect((await reader.query("select 1 as a")).rows).toEqual([{ a: 1n }]);
});
