import { generateKeyPairSync } from "node:crypto";
import { afterEach, expect, test } from "vitest";
import {
  startSnowflakeEmulator,
  type SnowflakeEmulator,
  type SnowflakeEmulatorOptions,
} from "../src/snowflake/index.ts";
import { codeOf, connect, destroy, execute } from "./snowflake-driver.ts";

const started: SnowflakeEmulator[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((emulator) => emulator.close()));
});

async function start(options?: SnowflakeEmulatorOptions): Promise<SnowflakeEmulator> {
  const emulator = await startSnowflakeEmulator(options);
  started.push(emulator);
  return emulator;
}

test("the driver logs in, queries and logs out, and asks nothing that is unknown", async () => {
  const emulator = await start();
  const connection = await connect(emulator);
  const { rows } = await execute(connection, "select 1 as a, 'x' as \"b\", 2.50 as c, true as d, null as e");
  expect(rows).toEqual([{ A: 1, b: "x", C: 2.5, D: true, E: null }]);
  expect(emulator.sessionIds).toHaveLength(1);
  await destroy(connection);
  expect(emulator.sessionIds).toEqual([]);
  expect([emulator.count("login"), emulator.count("query"), emulator.count("unknown")]).toEqual([1, 1, 0]);
  expect(emulator.count("telemetry")).toBe(0);
});

test("unquoted names are folded to upper case, quoted ones are kept", async () => {
  const connection = await connect(await start());
  await execute(connection, 'create table people (id number, "Name" varchar(20))');
  await execute(connection, "insert into PEOPLE values (1, 'Ann')");
  expect((await execute(connection, 'select id, "Name" from people')).rows).toEqual([{ ID: 1, Name: "Ann" }]);
  await destroy(connection);
});

test("writes are counted as the driver expects", async () => {
  const connection = await connect(await start());
  await execute(connection, "create table t (id number, name varchar)");
  const updated = async (sql: string): Promise<number | undefined> =>
    (await execute(connection, sql)).statement.getNumUpdatedRows();
  expect(await updated("insert into t values (1, 'a'), (2, 'b')")).toBe(2);
  expect(await updated("update t set name = 'c' where id = 1")).toBe(1);
  const merged = await execute(
    connection,
    `merge into t using (select 2 as id union all select 3) s on t.id = s.id
     when matched then update set name = 'm' when not matched then insert (id, name) values (s.id, 'n')`,
  );
  expect(merged.rows).toEqual([
    { "number of rows inserted": 1, "number of rows updated": 1, "number of rows deleted": 0 },
  ]);
  expect(await updated("delete from t")).toBe(3);
  await destroy(connection);
});

test("binds are values, null included", async () => {
  const connection = await connect(await start());
  const { rows } = await execute(connection, "select ? as a, ? as b, :3 as c, ? as d", {
    binds: [1, "it's", null, true],
  });
  expect(rows).toEqual([{ A: 1, B: "it's", C: null, D: true }]);
  await destroy(connection);
});

test("temporary tables, variables and transactions belong to their session and die with it", async () => {
  const emulator = await start();
  const [one, two] = [await connect(emulator), await connect(emulator)];
  await execute(one, "create table t (id number)");
  await execute(one, "create temporary table stage (id number)");
  await execute(one, "insert into stage values (1)");
  await execute(one, "set answer = 42");
  expect((await execute(one, "select id, $answer as v from stage")).rows).toEqual([{ ID: 1, V: "42" }]);
  expect(await codeOf(execute(two, "select * from stage"))).toBe("002003");
  expect(await codeOf(execute(two, "select $answer"))).toBe("000002");
  await execute(one, "begin");
  await execute(one, "insert into t values (1)");
  expect((await execute(two, "select count(*) as n from t")).rows).toEqual([{ N: 0 }]);
  emulator.expire("authentication", [emulator.sessionIds[0] as string]);
  expect(await codeOf(execute(one, "commit"))).toBe("390114");
  expect((await execute(two, "select count(*) as n from t")).rows).toEqual([{ N: 0 }]);
  await destroy(two);
});

test("what each kind of expiry looks like to the driver", async () => {
  const emulator = await start();
  const outcomes: Record<string, unknown> = {};
  for (const how of ["session-token", "both-tokens", "authentication", "gone", "invalid"] as const) {
    const connection = await connect(emulator);
    emulator.expire(how);
    const code = await codeOf(execute(connection, "select 1"));
    outcomes[how] = [code, connection.isUp()];
    await destroy(connection);
  }
  expect(outcomes).toEqual({
    "session-token": ["fulfilled", true],
    "both-tokens": ["407002", false],
    authentication: ["390114", true],
    gone: ["407002", false],
    invalid: ["407002", false],
  });
});

test("a session that is gone takes its running statements with it, others go on", async () => {
  const emulator = await start();
  const [one, two] = [await connect(emulator), await connect(emulator)];
  const [first] = emulator.sessionIds;
  const cut = codeOf(execute(one, "select system$wait(30)", { streamResult: true }));
  const kept = execute(two, "select system$wait(0.2) as v");
  await expect.poll(() => emulator.running("system$wait")).toBe(2);
  emulator.expire("gone", [first as string]);
  expect(await cut).toBe("407002");
  expect(emulator.running("system$wait(30)")).toBe(0);
  expect((await kept).rows).toHaveLength(1);
  await destroy(two);
});

test("tokens expire by the clock", async () => {
  let now = 1_700_000_000_000;
  const emulator = await start({ now: () => now });
  const connection = await connect(emulator);
  now += 3_599_999;
  await execute(connection, "select 1");
  expect(emulator.count("token")).toBe(0);
  now += 1;
  await execute(connection, "select 1");
  expect(emulator.count("token")).toBe(1);
  now += 4 * 3_600_000;
  expect(emulator.sessionIds).toEqual([]);
  expect(await codeOf(execute(connection, "select 1"))).toBe("407002");
});

test("a heartbeat renews an expired session token", async () => {
  const emulator = await start();
  const connection = await connect(emulator);
  emulator.expire("session-token");
  expect(await connection.isValidAsync()).toBe(true);
  expect([emulator.count("token"), emulator.count("heartbeat")]).toEqual([1, 2]);
  await destroy(connection);
});

test("a long statement is polled, and its status can be asked for", async () => {
  const emulator = await start({ inProgressAfterMs: 10 });
  const connection = await connect(emulator);
  const gate = emulator.hold(/held/);
  const running = execute(connection, "select 'held' as v");
  await gate.reached();
  const id = emulator.statements[0]?.id as string;
  while (emulator.count("result") === 0) expect(await connection.getQueryStatus(id)).toBe("RUNNING");
  gate.release();
  expect((await running).rows).toEqual([{ V: "held" }]);
  expect(await connection.getQueryStatus(id)).toBe("SUCCESS");
  await destroy(connection);
});

test("asyncExec gives a query id at once; the result is there for another session of the same user", async () => {
  const emulator = await start();
  const [one, two] = [await connect(emulator), await connect(emulator)];
  const { statement } = await execute(one, "select 7 as v", { asyncExec: true });
  const queryId = statement.getQueryId();
  emulator.expire("authentication", [emulator.sessionIds[0] as string]);
  const rows = await new Promise((resolve, reject) => {
    two.fetchResult({ queryId, sqlText: "", complete: (error, _, found) => (error ? reject(error) : resolve(found)) });
  });
  expect(rows).toEqual([{ V: 7 }]);
  await destroy(two);
});

test("cancel stops a statement by its request id, before a query id is known", async () => {
  const emulator = await start();
  const connection = await connect(emulator);
  const outcome = new Promise((resolve) => {
    const statement = connection.execute({
      sqlText: "select system$wait(30)",
      complete: (error) => resolve(error?.code),
    });
    const untilRunning = setInterval(() => {
      if (emulator.running("system$wait") === 0) return;
      clearInterval(untilRunning);
      statement.cancel();
    }, 5);
  });
  expect(await outcome).toBe("000604");
  expect(emulator.running("system$wait")).toBe(0);
  await destroy(connection);
});

test("cancel interrupts work in DuckDB", async () => {
  const emulator = await start();
  const connection = await connect(emulator);
  const running = codeOf(
    execute(connection, "select count(*) as n from table(generator(rowcount => 999999999999)) where seq8() % 7 = 9"),
  );
  const other = await connect(emulator);
  while (emulator.running("generator") === 0) await execute(other, "select 1");
  const request = emulator.statements.find(({ sql }) => sql.includes("generator"));
  request?.abort();
  expect(await running).toBe("000604");
  await destroy(connection);
  await destroy(other);
});

test("statement parameters: timeout, rows, number of statements", async () => {
  const emulator = await start();
  const connection = await connect(emulator);
  const parameters = {
    STATEMENT_TIMEOUT_IN_SECONDS: 1,
    ROWS_PER_RESULTSET: 3,
    MULTI_STATEMENT_COUNT: 1,
    QUERY_TAG: "t",
  };
  const numbers = "select seq8() + 1 as n from table(generator(rowcount => 20000000))";
  expect((await execute(connection, numbers, { parameters })).rows).toEqual([{ N: 1 }, { N: 2 }, { N: 3 }]);
  expect(await codeOf(execute(connection, "select system$wait(9)", { parameters }))).toBe("000630");
  expect(await codeOf(execute(connection, "select 1; delete from t", { parameters }))).toBe("000008");
  expect(emulator.statements[0]?.parameters).toEqual(parameters);
  await destroy(connection);
});

test("a result larger than the reply comes in chunks, in order", async () => {
  const emulator = await start({ inlineRows: 10, chunkRows: 100 });
  const connection = await connect(emulator);
  const { rows } = await execute(connection, "select seq8() + 1 as n from table(generator(rowcount => 1234))");
  expect(rows.map((row) => row["N"])).toEqual(Array.from({ length: 1234 }, (_, index) => index + 1));
  expect(emulator.count("chunk")).toBe(13);
  await destroy(connection);
});

test("a POST that the driver repeats runs once", async () => {
  const emulator = await start();
  const connection = await connect(emulator);
  await execute(connection, "create table t (id number)");
  emulator.inject({ on: "query", matching: "insert", drop: true, afterwards: true });
  await execute(connection, "insert into t values (1)");
  expect(emulator.count("duplicates")).toBe(1);
  expect((await execute(connection, "select count(*) as n from t")).rows).toEqual([{ N: 1 }]);
  await destroy(connection);
});

test("errors carry Snowflake's codes, states and positions", async () => {
  const connection = await connect(await start());
  await execute(connection, "create table t (id number not null)");
  const cases = {
    "select 1\nfro t": ["001003", "42000", 2, 4],
    "select * from nowhere": ["002003", "02000"],
    "select nowhere from t": ["000904", "42000"],
    "create table t (id number)": ["002002", "42710"],
    "insert into t values (null)": ["100072", "22000"],
    "select 'x'::number": ["100038", "22018"],
    "call something()": ["000002", "0A000"],
    "select a:b from t": ["000002", "0A000"],
  };
  for (const [sql, [code, sqlState, line, pos]] of Object.entries(cases)) {
    const error: unknown = await execute(connection, sql).catch((caught: unknown) => caught);
    const data = line === undefined ? {} : { line, pos };
    expect({ sql, error }).toMatchObject({ sql, error: { code, sqlState, data } });
  }
  await destroy(connection);
});

test("scripts answer in place of the engine, failures and repeats included", async () => {
  const emulator = await start();
  const connection = await connect(emulator);
  const columns = [{ name: "V", type: "timestamp_tz", scale: 9 }] as const;
  emulator.script({ match: /^select tz/, reply: { columns, rows: [["1.000000001 1500"]] } });
  emulator.script({ match: "select once", reply: { code: "000604", message: "no" }, times: 1 });
  const { rows } = await execute(connection, "select tz()");
  const value = rows[0]?.["V"] as { getNanoSeconds(): number; getTimezone(): number };
  expect([value.getNanoSeconds(), value.getTimezone()]).toEqual([1, 60]);
  expect(await codeOf(execute(connection, "select once"))).toBe("000604");
  expect(await codeOf(execute(connection, "select once"))).toBe("000904");
  await destroy(connection);
});

test("injected faults: by kind, after some, with a status, a code or a cut", async () => {
  const emulator = await start();
  const connection = await connect(emulator);
  emulator.inject({ on: "query", code: "390303", sqlState: "08001", skip: 1 });
  expect([await codeOf(execute(connection, "select 1")), await codeOf(execute(connection, "select 1"))]).toEqual([
    "fulfilled",
    "390303",
  ]);
  emulator.inject({ on: "query", httpStatus: 401, code: "390104" });
  // Without streamResult the driver asks once more by itself.
  expect(await codeOf(execute(connection, "select 1", { streamResult: true }))).toBe("401004");
  emulator.inject({ on: "query", httpStatus: 503 });
  expect(await codeOf(execute(connection, "select 1"))).toBe("fulfilled");
  expect(emulator.count("query")).toBe(5);
  await destroy(connection);
});

test("logins: password, key pair with a verified JWT, OAuth, access token", async () => {
  const pair = (): { publicKey: string; privateKey: string } =>
    generateKeyPairSync("rsa", {
      modulusLength: 2048,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
    });
  const [own, foreign] = [pair(), pair()];
  let now = Date.now();
  const users = [{ name: "ANN", password: "ann-password", publicKey: own.publicKey, accessTokens: ["pat-1"] }];
  const emulator = await start({ users, now: () => now });
  const login = async (options: object): Promise<string> => {
    try {
      await destroy(await connect(emulator, { password: undefined, ...options }));
      return "ok";
    } catch (error) {
      return String((error as { code?: unknown }).code);
    }
  };
  const jwt = { authenticator: "SNOWFLAKE_JWT" };
  const token = emulator.oauthTokens.issue("ANN", 1000);
  expect(await login({ password: "ann-password" })).toBe("ok");
  expect(await login({ password: "wrong" })).toBe("390100");
  expect(await login({ ...jwt, privateKey: own.privateKey })).toBe("ok");
  expect(await login({ ...jwt, privateKey: foreign.privateKey })).toBe("390144");
  expect(await login({ ...jwt, privateKey: own.privateKey, username: "BOB" })).toBe("390144");
  expect(await login({ authenticator: "PROGRAMMATIC_ACCESS_TOKEN", token: "pat-1" })).toBe("ok");
  expect(await login({ authenticator: "PROGRAMMATIC_ACCESS_TOKEN", token: "pat-2" })).toBe("394400");
  expect(await login({ authenticator: "OAUTH", token })).toBe("ok");
  expect(await login({ authenticator: "OAUTH", token: "other" })).toBe("390303");
  now += 121_000;
  expect(await login({ authenticator: "OAUTH", token })).toBe("390318");
});

test("a JWT whose life is over is refused", async () => {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  const emulator = await start({ users: [{ name: "ANN", publicKey }], now: () => Date.now() + 121_000 });
  const login = connect(emulator, { password: undefined, authenticator: "SNOWFLAKE_JWT", privateKey });
  expect(await codeOf(login)).toBe("390144");
});

test("metadata: INFORMATION_SCHEMA, and keys that are recorded but not enforced", async () => {
  const connection = await connect(await start());
  await execute(
    connection,
    "create table parent (id number(10) primary key, name varchar(5) comment 'who') comment = 'all'",
  );
  await execute(
    connection,
    "create table child (id number, p number references parent (id), constraint u unique (id, p)) cluster by (p, id)",
  );
  await execute(connection, "create view v as select id from parent");
  await execute(connection, "insert into parent values (1, 'a'), (1, 'b')");
  const tables = await execute(
    connection,
    `select table_name, table_type, row_count, clustering_key, comment from information_schema.tables
     where table_schema = 'PUBLIC' order by 1`,
  );
  expect(tables.rows.map((row) => Object.values(row))).toEqual([
    ["CHILD", "BASE TABLE", 0, "LINEAR(P, ID)", null],
    ["PARENT", "BASE TABLE", 2, null, "all"],
    ["V", "VIEW", null, null, null],
  ]);
  const columns = await execute(
    connection,
    `select column_name, data_type, numeric_precision, character_maximum_length, is_nullable, comment
     from information_schema.columns where table_name = 'PARENT' order by ordinal_position`,
  );
  expect(columns.rows.map((row) => Object.values(row))).toEqual([
    ["ID", "NUMBER", 10, null, "NO", null],
    ["NAME", "TEXT", null, 5, "YES", "who"],
  ]);
  const keys = await execute(connection, "show primary keys in database DEMO");
  expect(keys.rows).toMatchObject([{ table_name: "PARENT", column_name: "ID", key_sequence: 1 }]);
  const imported = await execute(connection, "show imported keys in database DEMO");
  expect(imported.rows).toMatchObject([{ pk_table_name: "PARENT", pk_column_name: "ID", fk_column_name: "P" }]);
  const unique = await execute(connection, "show unique keys in database DEMO");
  expect(unique.rows).toMatchObject([
    { constraint_name: "U", column_name: "ID" },
    { constraint_name: "U", column_name: "P" },
  ]);
  await destroy(connection);
});
