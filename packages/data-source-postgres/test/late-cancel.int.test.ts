import type { LakebaseEmulator } from "@org/lakebase-emulator";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { createPostgresDataSource } from "../src/index.ts";
import { startServer, until } from "./server.ts";

let emulator: LakebaseEmulator;
let folder: string;
let relay: Server;
let sockets: Socket[];
/** What delivers the cancel requests that have come. */
let held: (() => void)[];

const isCancel = (data: Buffer): boolean => data.length === 16 && data.readInt32BE(4) === 80877102;

beforeAll(async () => {
  emulator = await startServer();
  folder = await mkdtemp(join(tmpdir(), "late-cancel-"));
  const upstream = `${new URL(emulator.adminUri).searchParams.get("host")}/.s.PGSQL.5432`;
  held = [];
  sockets = [];
  relay = createServer({ allowHalfOpen: true }, (client) => {
    const server = connect(upstream);
    sockets.push(client, server);
    for (const socket of [client, server]) socket.on("error", () => undefined);
    client.on("data", (data: Buffer) => {
      if (isCancel(data)) held.push(() => server.write(data));
      else server.write(data);
    });
    server.on("data", (data) => client.write(data));
  });
  relay.listen(join(folder, ".s.PGSQL.5432"));
  await once(relay, "listening");
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});
afterAll(async () => {
  relay.close();
  await emulator.close();
  await rm(folder, { recursive: true });
});

test("a connection whose cancel request may still be on its way is not used again", async () => {
  const { username, pathname } = new URL(emulator.adminUri);
  await using source = createPostgresDataSource({
    host: folder,
    port: 5432,
    user: username,
    database: pathname.slice(1),
    password: "none",
    pool: { max: 1 },
  });
  const pid = async (): Promise<unknown> => (await source.query("select pg_backend_pid() as pid")).rows[0];
  const first = await pid();
  // It ends by itself while the request waits.
  const stop = new AbortController();
  const running = expect(source.query("select pg_sleep(2)", { signal: stop.signal })).rejects.toMatchObject({
    code: "CANCELLED",
  });
  await until(async () => {
    const { rows } = await emulator.query(
      "select 1 from pg_stat_activity where query = 'select pg_sleep(2)' and state = 'active'",
    );
    return rows.length === 1;
  });
  stop.abort();
  await running;
  expect(held).toHaveLength(1);
  const next = source.query("select pg_sleep(0.5), 'whole' as answer, pg_backend_pid() as pid");
  for (const deliver of held) deliver();
  const { rows } = await next;
  expect(rows).toMatchObject([{ answer: "whole" }]);
  expect(rows).not.toMatchObject([first as object]);
}, 30_000);
