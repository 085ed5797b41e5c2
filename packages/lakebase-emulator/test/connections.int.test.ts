import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import postgres from "postgres";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type LakebaseEmulator, startLakebaseEmulator } from "../src/index.ts";
import { connect, loginError } from "./support.ts";

let emulator: LakebaseEmulator;
beforeAll(async () => {
  emulator = await startLakebaseEmulator();
});
beforeEach(() => emulator.resetCounters());
afterEach(() => emulator.faults.clear());
afterAll(() => emulator.close());

function waitEvent(pid: number): Promise<unknown[]> {
  return emulator
    .query("SELECT wait_event FROM pg_stat_activity WHERE pid = $1", [pid])
    .then(({ rows }) => rows.map((row) => row["wait_event"]));
}

test("postgres.js cancels a query over TLS", async () => {
  const { host, port, user, database, ca } = emulator;
  const pass = emulator.databaseToken();
  const sql = postgres({ host, port, user, database, ssl: { ca }, pass, max: 1 });
  const pid = (await sql`SELECT pg_backend_pid() AS pid`)[0]?.["pid"] as number;
  const sleep = sql`SELECT pg_sleep(60)`;
  const outcome = sleep.catch((error: unknown) => error);
  await expect.poll(() => waitEvent(pid), { timeout: 10_000 }).toEqual(["PgSleep"]);
  sleep.cancel();
  expect(await outcome).toMatchObject({ code: "57014" });
  expect(emulator.counters).toMatchObject({ cancels: 1, cancelsRefused: 0 });
  await sql.end();
});

test("cutConnections ends every live connection and says how many", async () => {
  const clients = await Promise.all([connect(emulator), connect(emulator), connect(emulator)]);
  expect(emulator.openConnections).toBe(3);
  const inFlight = clients.map((client) => client.query("SELECT pg_sleep(60)").catch((error: Error) => error.message));
  await expect
    .poll(() => emulator.query("SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'").then((r) => r.rowCount), {
      timeout: 10_000,
    })
    .toBe(3);
  expect(emulator.cutConnections()).toBe(3);
  expect(await Promise.all(inFlight)).toEqual(Array(3).fill("Connection terminated unexpectedly"));
  expect(emulator.cutConnections()).toBe(0);
  expect(emulator.openConnections).toBe(0);

  await using client = await connect(emulator);
  expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
});

test("refuseConnections resets new connections and leaves live ones alone", async () => {
  await using client = await connect(emulator);
  emulator.refuseConnections(true);
  expect(await loginError(emulator, { password: emulator.databaseToken() })).toMatchObject({ code: "ECONNRESET" });
  expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  expect(emulator.counters).toMatchObject({ connections: 2, connectionsRefused: 1, logins: 1 });

  emulator.refuseConnections(false);
  await using next = await connect(emulator);
  expect((await next.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
});

test("a sleeping endpoint keeps the logins waiting until it is awake, and only those", async () => {
  emulator.wakeUpDelayMs = 1000;
  const started = performance.now();
  const first = await Promise.all([connect(emulator), connect(emulator)]);
  const woken = performance.now();
  expect(woken - started).toBeGreaterThanOrEqual(990);
  await using later = await connect(emulator);
  expect(performance.now() - woken).toBeLessThan(990);
  expect((await later.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  for (const client of first) await client.end();
  emulator.wakeUpDelayMs = 0;
});

test("a bad token is turned away before the endpoint wakes up", async () => {
  emulator.wakeUpDelayMs = 3_600_000;
  expect(await loginError(emulator, { password: "nonsense" })).toMatchObject({ code: "28P01" });
  emulator.wakeUpDelayMs = 0;
});

test("a login fault answers with any text, as often as asked", async () => {
  emulator.faults.login({ message: "Too many connections to this endpoint. Please try again later." }, { times: 1 });
  emulator.faults.login({ message: "the database system is starting up", sqlState: "57P03", severity: "FATAL" });
  const password = emulator.databaseToken();
  expect(await loginError(emulator, { password })).toEqual({
    severity: "ERROR",
    code: "XX000",
    message: "Too many connections to this endpoint. Please try again later.",
  });
  for (let i = 0; i < 2; i++) {
    expect(await loginError(emulator, { password })).toEqual({
      severity: "FATAL",
      code: "57P03",
      message: "the database system is starting up",
    });
  }
  emulator.faults.clear();
  await using client = await connect(emulator);
  expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  expect(emulator.counters).toMatchObject({ logins: 1, loginsRejected: 3 });
});

test("a login that hangs is left to the client's own timeout", async () => {
  emulator.faults.login("hang", { times: 1 });
  const failure = await loginError(emulator, { password: emulator.databaseToken(), connectionTimeoutMillis: 200 });
  expect(failure.message).toContain("timeout");
  expect(emulator.counters).toMatchObject({ connections: 1, logins: 0, loginsRejected: 0 });
});

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

test("a client that does not read holds Postgres back, not our memory", async () => {
  await using client = await connect(emulator);
  const pid = (await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid")).rows[0]?.pid ?? 0;
  // pg has no public way to stop reading.
  const { stream } = (client as unknown as { connection: { stream: NodeJS.ReadableStream } }).connection;
  const before = process.memoryUsage().arrayBuffers;
  const bulk = "SELECT repeat('x', 1000000) FROM generate_series(1, 60)";
  const answer = client.query(bulk);
  stream.pause();
  await expect.poll(() => waitEvent(pid), { timeout: 20_000 }).toEqual(["ClientWrite"]);
  // While as much passes to another client, the first could have been drained into our memory, and is not.
  await using other = await connect(emulator);
  expect((await other.query(bulk)).rows).toHaveLength(60);
  expect(await waitEvent(pid)).toEqual(["ClientWrite"]);
  // What the other client has read is garbage by now, whenever the engine would have looked.
  collectGarbage();
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(40_000_000);
  stream.resume();
  expect((await answer).rows).toHaveLength(60);
});
