import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { expect, test } from "vitest";
import { createPostgresDataSource } from "../src/index.ts";

const askForPassword = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]);

// pg opens the socket first and asks for the password then; when that fails, pg leaves the socket as it is.
test("a login whose password cannot be had closes its socket at once", async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.once("data", () => socket.write(askForPassword));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const password = (): Promise<string> => Promise.reject(new Error("no password today"));
  await using source = createPostgresDataSource({ host: "127.0.0.1", port, user: "u", ssl: false, password });
  await expect(source.query("select 1")).rejects.toThrow("no password today");
  try {
    await expect.poll(() => sockets.map(({ closed }) => closed), { timeout: 5_000 }).toEqual([true]);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
});
