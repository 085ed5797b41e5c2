import { isDataSourceError, sql, type DataSourceError } from "@org/data-source-core";
import { generateKeyPairSync } from "node:crypto";
import { rmSync, writeFileSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { createSnowflakeDataSource, type SnowflakeDataSourceOptions } from "../src/index.ts";
import { connect, createSetup, open } from "./server.ts";

const { start, withFactory, track } = createSetup();
const write = { readOnly: false } as const;
const numbers = (count: number): string => `select seq8() + 1 as n from table(generator(rowcount => ${count}))`;

async function failure(work: Promise<unknown>): Promise<DataSourceError> {
  try {
    await work;
  } catch (error) {
    if (isDataSourceError(error)) return error;
    throw error;
  }
  throw new Error("fulfilled");
}

test("limits and tags go with the statement, and nothing is set on the session", async () => {
  const emulator = await start();
  const source = track(open(emulator));
  // The first statement loads the driver and logs in, which the deadline counts too.
  await source.query("select 0");
  await source.query("select 1", { maxRows: 7, statementTimeoutMs: 59_900, queryTags: { team: 'it\'s "x"' } });
  expect(emulator.statements.slice(1).map(({ sql: text, parameters }) => [text, parameters])).toEqual([
    [
      "select 1",
      {
        MULTI_STATEMENT_COUNT: 1,
        STATEMENT_TIMEOUT_IN_SECONDS: 60,
        ROWS_PER_RESULTSET: 8,
        QUERY_TAG: JSON.stringify({ team: 'it\'s "x"' }),
      },
    ],
  ]);
  await source.query("select 2", { maxRows: Infinity, statementTimeoutMs: Infinity });
  expect(emulator.statements[2]?.parameters).toEqual({ MULTI_STATEMENT_COUNT: 1 });
});

test("tags longer than Snowflake takes are refused by name", async () => {
  const emulator = await start();
  const source = track(open(emulator));
  const error = await failure(source.query("select 1", { queryTags: { a: "x".repeat(2000) } }));
  expect(error).toMatchObject({ code: "VALIDATION", field: "queryTags" });
  expect(emulator.statements).toEqual([]);
});

test("the server's own timeout is STATEMENT_TIMEOUT", async () => {
  const emulator = await start();
  emulator.script({
    match: "select slow",
    reply: { code: "000630", message: "timeout of 1 second(s)", sqlState: "57014" },
  });
  const source = track(open(emulator));
  expect(await failure(source.query("select slow"))).toMatchObject({ code: "STATEMENT_TIMEOUT", nativeCode: "000630" });
});

test("a cancel reaches the server within 500 ms, also before the driver has heard of the statement", async () => {
  const emulator = await start();
  const source = track(open(emulator));
  await source.query("select 1");
  for (const delayMs of [0, 1, 5, 20, 100]) {
    const caller = new AbortController();
    const running = failure(source.query("select system$wait(30)", { signal: caller.signal }));
    await new Promise((resolve) => {
      setTimeout(resolve, delayMs);
    });
    const aborted = performance.now();
    caller.abort();
    expect((await running).code).toBe("CANCELLED");
    expect(performance.now() - aborted).toBeLessThan(500);
    expect(emulator.running("system$wait")).toBe(0);
  }
});

test("a write that ended in spite of its cancel says so", async () => {
  const emulator = await start();
  const source = track(open(emulator, { access: "read-write" }));
  await source.query("create table t (id number)", write);
  const gate = emulator.hold(/^insert/);
  emulator.inject({ on: "abort", code: "000605", times: 99 });
  const caller = new AbortController();
  const inserting = source.query("insert into t values (1)", { ...write, signal: caller.signal });
  await gate.reached();
  caller.abort();
  while (emulator.count("abort") === 0) await source.query("select 1");
  gate.release();
  expect((await inserting).rowsAffected).toBe(1);
});

test("a write whose cancel is not confirmed is OUTCOME_UNKNOWN", async () => {
  const emulator = await start({ inProgressAfterMs: 5 });
  const source = track(open(emulator, { access: "read-write" }));
  await source.query("create table t (id number)", write);
  const gate = emulator.hold(/^insert/);
  emulator.inject({ on: "abort", code: "000605", times: 999 });
  const caller = new AbortController();
  const inserting = failure(source.query("insert into t values (1)", { ...write, signal: caller.signal }));
  await gate.reached();
  while (emulator.count("result") === 0) await source.query("select 1");
  caller.abort();
  const error = await inserting;
  const queryId = emulator.statements.find((statement) => statement.sql.startsWith("insert"))?.id;
  expect(error).toMatchObject({ code: "OUTCOME_UNKNOWN", queryId });
  gate.release();
});

test("a stream fetches only a few chunks ahead of a slow consumer, and none after a break", async () => {
  const emulator = await start({ inlineRows: 100, chunkRows: 100 });
  const source = track(open(emulator, { driverOptions: { rowStreamHighWaterMark: 100 } }));
  let batches = 0;
  for await (const rows of source.stream(numbers(50_000), { batchRows: 100 })) {
    expect(rows.length).toBeGreaterThan(0);
    batches += 1;
    if (batches === 3) break;
  }
  const fetched = emulator.count("chunk");
  expect(fetched).toBeLessThanOrEqual(12);
  await source.query("select 1");
  await source.query("select 2");
  expect(emulator.count("chunk")).toBeLessThanOrEqual(fetched + 3);
});

test("a large result arrives whole and in order through its chunks", async () => {
  const emulator = await start({ inlineRows: 10, chunkRows: 777 });
  const source = track(open(emulator));
  const { rows, truncated } = await source.query<{ N: bigint }>(numbers(20_000), { maxRows: 19_999 });
  expect([rows.length, truncated, rows[0]?.N, rows.at(-1)?.N]).toEqual([19_999, true, 1n, 19_999n]);
});

test("UPDATE counts the rows that changed, not the multi-joined ones", async () => {
  const emulator = await start();
  const columns = [
    { name: "number of rows updated", type: "fixed", precision: 19, scale: 0 },
    { name: "number of multi-joined rows updated", type: "fixed", precision: 19, scale: 0 },
  ] as const;
  emulator.script({ match: /^update/, reply: { columns, rows: [["3", "2"]], statementTypeId: 0x3200 } });
  const source = track(open(emulator, { access: "read-write" }));
  const result = await source.query("update t set a = 1", write);
  expect([result.rowsAffected, result.rows]).toEqual([3, []]);
});

test("columns may be called what a careless row object would lose", async () => {
  const source = track(open(await start()));
  const { rows } = await source.query('select 1 as "Mixed Case", 2 as "select", 3 as "Mixed Case"');
  expect(Object.entries(rows[0] ?? {})).toEqual([
    ["Mixed Case", 1n],
    ["select", 2n],
    ["Mixed Case_2", 3n],
  ]);
});

test("a NULL in a required column is CONSTRAINT", async () => {
  const source = track(open(await start(), { access: "read-write" }));
  await source.query("create table t (id number not null)", write);
  expect(await failure(source.query("insert into t values (null)", write))).toMatchObject({
    code: "CONSTRAINT",
    nativeCode: "100072",
  });
});

test("arrays, objects and large numbers are bound as values", async () => {
  const emulator = await start();
  const source = track(open(emulator));
  const text = "select ?::varchar as a, ?::varchar as b, ?::varchar as c, ?::varchar as d, ? as e";
  const params = [[1, 2n ** 64n], { a: null }, Number.POSITIVE_INFINITY, 1e21, null];
  const { rows } = await source.query({ text, params });
  expect(rows).toEqual([
    { A: "[1,18446744073709551616]", B: '{"a":null}', C: "inf", D: "1000000000000000000000", E: null },
  ]);
});

test("a read is refused before anything is sent; capabilities say that the server does not enforce it", async () => {
  const emulator = await start();
  const source = track(open(emulator));
  expect((await failure(source.query("delete from t"))).code).toBe("READ_ONLY");
  expect((await failure(source.query("select 1 ->> delete from t"))).code).toBe("READ_ONLY");
  expect(() => source.stream("call p()")).toThrow("CALL is not a read");
  expect([emulator.count("login"), emulator.count("query")]).toEqual([0, 0]);
  expect(source.capabilities.readOnly).toMatchObject({ enforcedBy: "client" });
  expect(source.capabilities.readOnly.note).toContain("Not enforced by the server");
});

test("check: a role that may write is a warning for a source that only reads, through inherited roles too", async () => {
  const roles = {
    READER: [{ privilege: "SELECT", grantedOn: "TABLE", name: "T" }],
    ANALYST: [{ privilege: "USAGE", grantedOn: "ROLE", name: "LOADER" }],
    LOADER: [{ privilege: "INSERT", grantedOn: "TABLE", name: "T" }],
  };
  const emulator = await start({ roles });
  const step = async (role: string): Promise<unknown[]> => {
    const report = await track(open(emulator, { role })).check();
    const { outcome, detail } = report.steps.find(({ name }) => name === "privileges") ?? {};
    return [report.ok, report.canWrite, outcome, detail];
  };
  expect(await step("READER")).toEqual([true, false, "ok", "READER may only read"]);
  expect(await step("ANALYST")).toEqual([true, true, "warning", "ANALYST may write: INSERT on table T"]);
});

test("check: of a factory's connection the network is unknown, its login is not", async () => {
  const { source, calls } = withFactory(await start());
  const report = await source.check();
  expect(report.steps.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual([
    "resolve skipped",
    "tcp skipped",
    "tls skipped",
    "login ok",
    "privileges ok",
    "version ok",
    "latency ok",
  ]);
  expect([report.user, calls()]).toEqual(["TESTER", 1]);
});

test("introspection: several databases by name; what cannot be read is a warning, not an empty list", async () => {
  const emulator = await start();
  const source = track(open(emulator, { access: "read-write" }));
  await source.query('create table "t" (id number primary key)', write);
  emulator.script({
    match: /^show imported keys/,
    reply: { code: "003001", message: "Insufficient privileges", sqlState: "42501" },
  });
  const catalog = await source.introspect({ catalogs: ["DEMO"], schemas: { include: ["PUBLIC"] } });
  const [table] = catalog.schemas[0]?.tables ?? [];
  expect(table).toMatchObject({ name: "t", primaryKey: { columns: ["ID"], enforced: false }, foreignKeys: undefined });
  expect(catalog.warnings).toEqual([
    { part: "foreignKeys", message: "Insufficient privileges", schema: undefined, table: undefined },
  ]);
  expect(catalog.schemas[0]?.catalog).toBe("DEMO");
});

test("estimate: bytes by EXPLAIN, without running the statement", async () => {
  const emulator = await start();
  const source = track(open(emulator, { access: "read-write" }));
  await source.query("create table t (id number)", write);
  const estimate = await source.estimate(sql`insert into t values (${1})`);
  expect(estimate).toMatchObject({ source: "plan", bytesProcessed: 1024n, statementType: "INSERT" });
  expect((await source.query("select count(*) as n from t")).rows).toEqual([{ N: 0n }]);
});

const pair = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
});
const encrypted = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "pass-phrase-77" },
});
const users = [
  { name: "ANN", password: "ann-password", publicKey: pair.publicKey, accessTokens: ["pat-secret-1"] },
  { name: "BOB", publicKey: encrypted.publicKey },
];

test("credentials: each kind logs in", async () => {
  const emulator = await start({ users });
  const folder = mkdtempSync(join(tmpdir(), "key-"));
  const privateKeyPath = join(folder, "key.p8");
  writeFileSync(privateKeyPath, encrypted.privateKey);
  const { account, accessUrl } = emulator.connectionOptions;
  const kinds: SnowflakeDataSourceOptions[] = [
    { username: "ANN", password: "ann-password" },
    { username: "ANN", privateKey: pair.privateKey },
    { username: "BOB", privateKey: encrypted.privateKey, privateKeyPass: "pass-phrase-77" },
    { username: "BOB", privateKeyPath, privateKeyPass: "pass-phrase-77" },
    { username: "ANN", accessToken: "pat-secret-1" },
    { username: "ANN", oauthToken: emulator.oauthTokens.issue("ANN", 60_000) },
    { oauthToken: { getToken: async () => ({ accessToken: emulator.oauthTokens.issue("ANN", 60_000) }) } },
  ];
  const found: unknown[] = [];
  for (const kind of kinds) {
    await using source = createSnowflakeDataSource({ account, accessUrl, ...kind });
    found.push((await source.query("select current_user() as u")).rows[0]?.["U"]);
  }
  rmSync(folder, { recursive: true });
  expect(found).toEqual(["ANN", "ANN", "BOB", "BOB", "ANN", "ANN", "ANN"]);
});

test("credentials: refused ones are AUTHENTICATION with a hint, and never shown", async () => {
  const emulator = await start({ users });
  const { account, accessUrl } = emulator.connectionOptions;
  const secrets = ["canary-password-1", encrypted.privateKey, "canary-pat-secret", "canary-oauth-secret"];
  const kinds: SnowflakeDataSourceOptions[] = [
    { username: "ANN", password: "canary-password-1" },
    { username: "ANN", privateKey: encrypted.privateKey, privateKeyPass: "pass-phrase-77" },
    { username: "ANN", accessToken: "canary-pat-secret" },
    { username: "ANN", oauthToken: "canary-oauth-secret" },
  ];
  for (const kind of kinds) {
    await using source = createSnowflakeDataSource({ account, accessUrl, ...kind });
    const error = await failure(source.query("select 1"));
    expect([error.code, typeof error.hint]).toEqual(["AUTHENTICATION", "string"]);
    const shown =
      inspect([error, source], { depth: 12, showHidden: false }) + JSON.stringify(error) + String(error.stack);
    for (const secret of [...secrets, "pass-phrase-77"]) expect(shown).not.toContain(secret);
  }
});

test("an OAuth token that Snowflake refuses at login is refreshed first, once", async () => {
  let now = Date.now();
  const emulator = await start({ users, now: () => now });
  const { account, accessUrl } = emulator.connectionOptions;
  let token = emulator.oauthTokens.issue("ANN", 1000);
  const invalidated: string[] = [];
  let calls = 0;
  const oauthToken = {
    getToken: async () => {
      calls += 1;
      return { accessToken: token };
    },
    invalidate: (refused: string) => {
      invalidated.push(refused);
      token = emulator.oauthTokens.issue("ANN", 60_000);
    },
  };
  const stale = token;
  now += 1000;
  const source = track(createSnowflakeDataSource({ account, accessUrl, oauthToken }));
  expect((await source.query("select 1 as v")).rows).toEqual([{ V: 1n }]);
  expect([calls, invalidated, emulator.count("login")]).toEqual([2, [stale], 2]);
});

test("a token that stays refused is AUTHENTICATION after one more try", async () => {
  const emulator = await start({ users });
  const { account, accessUrl } = emulator.connectionOptions;
  let calls = 0;
  const getToken = async () => {
    calls += 1;
    return { accessToken: "canary-token-9" };
  };
  const source = track(createSnowflakeDataSource({ account, accessUrl, oauthToken: { getToken } }));
  const error = await failure(source.query("select 1"));
  expect([error.code, error.nativeCode, calls]).toEqual(["AUTHENTICATION", "390303", 2]);
  expect(inspect(error, { depth: 12 })).not.toContain("canary-token-9");
});

test.each(["390195", "390303", "390318"])(
  "%s on a statement: new credentials, a new session, once more",
  async (code) => {
    const emulator = await start({ users });
    const { account, accessUrl } = emulator.connectionOptions;
    let calls = 0;
    const getToken = async () => {
      calls += 1;
      return { accessToken: emulator.oauthTokens.issue("ANN", 60_000) };
    };
    const source = track(createSnowflakeDataSource({ account, accessUrl, oauthToken: { getToken } }));
    await source.query("select 1");
    emulator.inject({ on: "query", code });
    expect((await source.query("select 2 as v")).rows).toEqual([{ V: 2n }]);
    expect([calls, emulator.count("login")]).toEqual([2, 2]);
  },
);

test("a token provider that fails gives its error, and the next call asks again", async () => {
  const emulator = await start({ users });
  const { account, accessUrl } = emulator.connectionOptions;
  let calls = 0;
  const getToken = async () => {
    calls += 1;
    if (calls === 1) throw new Error("issuer is down");
    return { accessToken: emulator.oauthTokens.issue("ANN", 60_000) };
  };
  const source = track(createSnowflakeDataSource({ account, accessUrl, oauthToken: { getToken } }));
  expect((await failure(source.query("select 1"))).message).toContain("issuer is down");
  expect((await source.query("select 2 as v")).rows).toEqual([{ V: 2n }]);
});

test("keep-alive is asked for beside the healing, and the driver posts nothing", async () => {
  const emulator = await start();
  const source = track(open(emulator));
  await source.query("select 9007199254740993 as v");
  emulator.script({
    match: "select large",
    reply: { columns: [{ name: "V", type: "fixed", precision: 38, scale: 2 }], rows: [["99999999999999999999.50"]] },
  });
  expect((await source.query("select large")).rows).toEqual([{ V: "99999999999999999999.50" }]);
  expect([emulator.count("telemetry"), emulator.count("unknown")]).toEqual([0, 0]);
  expect(emulator.sessionParameters(emulator.sessionIds[0] as string)).toMatchObject({
    CLIENT_SESSION_KEEP_ALIVE: true,
  });
  const without = track(open(emulator, { clientSessionKeepAlive: false }));
  await without.query("select 1");
  expect(emulator.sessionParameters(emulator.sessionIds[1] as string)).toMatchObject({
    CLIENT_SESSION_KEEP_ALIVE: false,
  });
});

test("the driver's telemetry is on when asked for", async () => {
  const emulator = await start();
  const saved = process.env["SF_TELEMETRY_DISABLE_CONNECTION_SHAPE"];
  delete process.env["SF_TELEMETRY_DISABLE_CONNECTION_SHAPE"];
  const source = track(open(emulator, { driverTelemetry: true }));
  await source.query("select 1");
  await expect.poll(() => emulator.count("telemetry")).toBe(1);
  process.env["SF_TELEMETRY_DISABLE_CONNECTION_SHAPE"] = saved;
});

test("an unused session is closed after pool.idleTimeoutMs", async () => {
  const emulator = await start();
  const source = track(open(emulator, { pool: { idleTimeoutMs: 50 } }));
  await source.query("select 1");
  await expect.poll(() => emulator.sessionIds.length).toBe(0);
  await source.query("select 2");
  expect(emulator.count("login")).toBe(2);
});

test("a session older than pool.maxLifetimeMs is replaced", async () => {
  const emulator = await start();
  const source = track(open(emulator, { pool: { maxLifetimeMs: 1 } }));
  await source.query("select 1");
  await source.query("select 2");
  expect(emulator.count("login")).toBe(2);
});

test("close() closes a connection that a factory brings late", async () => {
  const emulator = await start();
  const late = Promise.withResolvers<Awaited<ReturnType<typeof connect>>>();
  const source = createSnowflakeDataSource({ connectionFactory: () => late.promise, closeTimeoutMs: 10 });
  const waiting = failure(source.query("select 1"));
  await source.close();
  expect((await waiting).code).toBe("CLOSED");
  late.resolve(await connect(emulator));
  await expect.poll(() => emulator.sessionIds.length).toBe(0);
});
