import type { DataSourceEvent } from "@org/data-source-core";
import { type LakebaseEmulator, startLakebaseEmulator } from "@org/lakebase-emulator";
import { drizzle } from "drizzle-orm/node-postgres";
import { integer, pgTable } from "drizzle-orm/pg-core";
import { Pool } from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createLakebasePool, createPostgresDataSource } from "../src/index.ts";
import { open, startServer, until } from "./server.ts";

let emulator: LakebaseEmulator;
beforeAll(async () => {
  emulator = await startServer();
});
afterAll(() => emulator.close());
afterEach(() => {
  emulator.faults.clear();
  emulator.refuseConnections(false);
  emulator.wakeUpDelayMs = 0;
});

const one = async (source: { query(text: string): Promise<{ rows: unknown[] }> }): Promise<unknown[]> =>
  (await source.query("select 1 as a")).rows;

/** With a credential of its own, so that each test counts its own mints. */
const alone = (server = emulator): object => ({ env: server.env, ssl: { ca: server.ca }, share: false });

describe.each(["stock", "proxy"] as const)("a refused credential, said the %s way", (errorStyle) => {
  let styled: LakebaseEmulator;
  beforeAll(async () => {
    styled = await startLakebaseEmulator({ errorStyle });
  });
  afterAll(() => styled.close());

  test("is renewed once, and the login repeated once", async () => {
    const events: DataSourceEvent[] = [];
    await using source = createPostgresDataSource({
      auth: alone(styled),
      pool: { max: 2 },
      onEvent: (event) => events.push(event),
    });
    await one(source);
    styled.revokeTokens();
    const before = { ...styled.counters };
    // The open connection outlives its token; the second needs a login.
    await Promise.all([source.query("select pg_sleep(0.2)"), source.query("select pg_sleep(0.2)")]);
    const { loginsRejected, mintAutoscaling, logins } = styled.counters;
    expect([
      loginsRejected - before.loginsRejected,
      mintAutoscaling - before.mintAutoscaling,
      logins - before.logins,
    ]).toEqual([1, 1, 1]);
    expect(events).toContainEqual({ type: "retry", attempt: 2, reason: "credential refused" });
  });

  test("refused again, it is an error at once", async () => {
    styled.faults.login({
      message: `password authentication failed for user '${styled.user}'`,
      sqlState: errorStyle === "stock" ? "28P01" : "XX000",
    });
    const before = { ...styled.counters };
    await using source = createPostgresDataSource({ auth: alone(styled) });
    await expect(one(source)).rejects.toMatchObject({ code: "AUTHENTICATION", isRetryable: false });
    expect(styled.counters.loginsRejected - before.loginsRejected).toBe(2);
    expect(styled.counters.mintAutoscaling - before.mintAutoscaling).toBe(2);
    styled.faults.clear();
    expect(await one(source)).toEqual([{ a: 1n }]);
  });
});

describe("a cold endpoint", () => {
  test("is waited for: its transient errors are not seen", async () => {
    const transient = { message: "Couldn't connect to compute node", sqlState: "XX000" };
    emulator.faults.login(transient, { times: 3 });
    await using source = open(emulator);
    expect(await one(source)).toEqual([{ a: 1n }]);
  });

  test("that takes a second to wake up takes a second", async () => {
    emulator.wakeUpDelayMs = 1000;
    await using source = open(emulator);
    const started = performance.now();
    expect(await one(source)).toEqual([{ a: 1n }]);
    expect(performance.now() - started).toBeGreaterThan(900);
  });

  test("that resets connections is tried again until it does not", async () => {
    emulator.refuseConnections(true);
    await using source = open(emulator);
    const before = emulator.counters.connectionsRefused;
    const waiting = one(source);
    await until(async () => emulator.counters.connectionsRefused - before >= 2);
    emulator.refuseConnections(false);
    expect(await waiting).toEqual([{ a: 1n }]);
  });

  test("that stays cold is given up at the connect deadline, and few attempts are made", async () => {
    emulator.refuseConnections(true);
    const before = emulator.counters.connectionsRefused;
    await using source = open(emulator, { connectTimeoutMs: 1000, pool: { max: 2 } });
    const started = performance.now();
    const all = await Promise.allSettled(Array.from({ length: 10 }, () => one(source)));
    expect(all.map((result) => result.status)).not.toContain("fulfilled");
    for (const result of all) expect(result).toMatchObject({ reason: { code: "CONNECTION", isRetryable: true } });
    expect(performance.now() - started).toBeLessThan(20_000);
    // The wait between attempts counts against max, so that ten callers do not make ten times the attempts.
    expect(emulator.counters.connectionsRefused - before).toBeLessThan(60);
  });

  test.each([
    ["Endpoint ID is not specified. Either please upgrade", "NOT_FOUND"],
    ["The requested endpoint could not be found: endpoint cannot be found", "NOT_FOUND"],
    ["endpoint is disabled. Enable it", "PERMISSION_DENIED"],
    ["This IP address 192.0.2.1 is not allowed to connect to this endpoint.", "PERMISSION_DENIED"],
    ["Provided authentication token is not a valid JWT encoding", "AUTHENTICATION"],
  ])("a permanent error is told at once: %s", async (message, code) => {
    emulator.faults.login({ message, sqlState: "XX000" });
    const before = emulator.counters.loginsRejected;
    await using source = open(emulator);
    await expect(one(source)).rejects.toMatchObject({ code });
    expect(emulator.counters.loginsRejected - before).toBe(1);
  });

  test("a login that hangs is CONNECT_TIMEOUT", async () => {
    emulator.faults.login("hang");
    await using source = open(emulator, { connectTimeoutMs: 300 });
    await expect(one(source)).rejects.toMatchObject({ code: "CONNECT_TIMEOUT", isRetryable: true });
  });

  test("the caller's own deadline holds while it is waited for", async () => {
    emulator.faults.login("hang", { times: 1 });
    await using source = open(emulator, { connectTimeoutMs: 1500 });
    const started = performance.now();
    await expect(source.query("select 1", { statementTimeoutMs: 300 })).rejects.toMatchObject({
      code: "STATEMENT_TIMEOUT",
    });
    expect(performance.now() - started).toBeLessThan(1200);
  });
});

describe("createLakebasePool", () => {
  test("gives a pg.Pool that works with drizzle, and whose end() stops the provider", async () => {
    await emulator.query("create table drizzled (id int primary key)");
    await emulator.query(`grant all on drizzled to "${emulator.user}"`);
    const pool = createLakebasePool({ ...alone(), pool: { max: 3 } });
    expect(pool).toBeInstanceOf(Pool);
    const table = pgTable("drizzled", { id: integer().primaryKey() });
    const db = drizzle(pool);
    await db.insert(table).values([{ id: 1 }, { id: 2 }]);
    await db.transaction(async (tx) => {
      await tx.delete(table);
      await tx.insert(table).values({ id: 3 });
    });
    expect(await db.select().from(table)).toEqual([{ id: 3 }]);
    const { password } = pool.options as { password?: () => Promise<string> };
    expect(password).toBeUndefined();
    await pool.end();
    await expect(pool.query("select 1")).rejects.toThrow("after calling end");
  });

  test("promise and callback forms of query and connect", async () => {
    const pool = createLakebasePool(alone());
    expect((await pool.query("select $1::int as a", [5])).rows).toEqual([{ a: 5 }]);
    const called = new Promise((resolve, reject) => {
      pool.query("select 6 as a", [], (error, result) => (error ? reject(error) : resolve(result.rows)));
    });
    expect(await called).toEqual([{ a: 6 }]);
    const connected = new Promise((resolve, reject) => {
      pool.connect((error, client, done) => {
        done();
        if (error) reject(error);
        else resolve(client !== undefined);
      });
    });
    expect(await connected).toBe(true);
    await expect(pool.query("select nothing")).rejects.toMatchObject({ code: "42703" });
    await new Promise<void>((resolve) => pool.end(resolve));
  });

  test("renews a refused credential once", async () => {
    const pool = createLakebasePool({ ...alone(), pool: { max: 2 } });
    await pool.query("select 1");
    emulator.revokeTokens();
    const before = emulator.counters.loginsRejected;
    await Promise.all([pool.query("select pg_sleep(0.1)"), pool.query("select pg_sleep(0.1)")]);
    expect(emulator.counters.loginsRejected - before).toBe(1);
    await pool.end();
  });

  test("an idle connection that the server cuts is no event that ends the process", async () => {
    const pool = createLakebasePool({ ...alone(), pool: { max: 1 } });
    await pool.query("select 1");
    expect(emulator.cutConnections()).toBe(1);
    await until(async () => pool.totalCount === 0);
    expect((await pool.query("select 1 as a")).rows).toEqual([{ a: 1 }]);
    await pool.end();
  });

  test("connections live 2,700 s, up to a tenth less, each its own", async () => {
    const pool = createLakebasePool(alone());
    const lives = Array.from({ length: 100 }, () => pool.options.maxLifetimeSeconds);
    expect(Math.max(...lives)).toBeLessThanOrEqual(2700);
    expect(Math.min(...lives)).toBeGreaterThanOrEqual(2430);
    expect(new Set(lives).size).toBeGreaterThan(90);
    await pool.end();
  });

  test("a connection past its life is replaced", async () => {
    const pool = createLakebasePool({ ...alone(), pool: { max: 1, maxLifetimeMs: 200 } });
    const pid = async (): Promise<unknown> => (await pool.query("select pg_backend_pid() as pid")).rows[0];
    const first = await pid();
    await until(async () => pool.totalCount === 0);
    expect(await pid()).not.toEqual(first);
    await pool.end();
  });

  test("a wrong option is named", () => {
    expect(() => createLakebasePool({ ...alone(), max: 5 } as object)).toThrow(
      expect.objectContaining({ field: "auth.max" }),
    );
    expect(() => createLakebasePool({ ...alone(), pool: { max: 0 } })).toThrow(
      expect.objectContaining({ field: "pool.max" }),
    );
    expect(() => createLakebasePool({ env: {} })).toThrow(expect.objectContaining({ code: "CONFIGURATION" }));
  });
});

test("PGAPPNAME is what the server shows", async () => {
  await using source = createPostgresDataSource({
    auth: { ...alone(), env: { ...emulator.env, PGAPPNAME: "orders-app" } },
  });
  const { rows } = await source.query("select current_setting('application_name') as name");
  expect(rows).toEqual([{ name: "orders-app" }]);
});

test("closing the source stops the renewal of its credential", async () => {
  const source = createPostgresDataSource({ auth: alone() });
  await one(source);
  await source.close();
  await expect(one(source)).rejects.toMatchObject({ code: "CLOSED" });
  await until(async () => emulator.openConnections === 0);
});
