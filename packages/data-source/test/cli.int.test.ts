import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { runCli, startCli, startWaitingCli } from "./child.ts";
import { useLakebase } from "./lakebase.ts";

const lakebase = useLakebase();
const folder = mkdtempSync(join(tmpdir(), "data-source-cli-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const three = "select g as id, repeat('x', g) as name from generate_series(1, 3) g";

test.each([
  ["json", '[\n{"id":"1","name":"x"},\n{"id":"2","name":"xx"},\n{"id":"3","name":"xxx"}\n]\n'],
  ["ndjson", '{"id":"1","name":"x"}\n{"id":"2","name":"xx"}\n{"id":"3","name":"xxx"}\n'],
  ["csv", "id,name\n1,x\n2,xx\n3,xxx\n"],
  ["table", "| id | name |\n| -: | :--- |\n|  1 | x    |\n|  2 | xx   |\n|  3 | xxx  |\n"],
])("query --format %s", async (format, stdout) => {
  expect(await runCli(["query", three, "--format", format], lakebase().env)).toEqual({ code: 0, stdout, stderr: "" });
});

test("SQL from a file, from standard input, and from standard input by a dash", async () => {
  const { env } = lakebase();
  const answer = { code: 0, stdout: '{"a":"1"}\n', stderr: "" };
  expect(await runCli(["query", "--file", file("a.sql", "select 1 as a\n"), "--format=ndjson"], env)).toEqual(answer);
  expect(await runCli(["query", "--format=ndjson"], env, "select 1 as a\n")).toEqual(answer);
  expect(await runCli(["query", "-", "--format=ndjson"], env, "select 1 as a")).toEqual(answer);
  const empty = await runCli(["query"], env, " \n");
  expect(empty).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("standard input is empty") });
});

test("a result beyond --max-rows says so, and is whole without", async () => {
  const { env } = lakebase();
  const cut = await runCli(["query", three, "--max-rows", "2", "--format=csv"], env);
  expect(cut).toEqual({
    code: 0,
    stdout: "id,name\n1,x\n2,xx\n",
    stderr: "only the first 2 rows; --max-rows <n> or --max-rows all gives more\n",
  });
  const many = "select g from generate_series(1, 10001) g";
  const byDefault = await runCli(["query", many, "--format=csv"], env);
  expect(byDefault.stdout.split("\n")).toHaveLength(10_002);
  expect(byDefault.stderr).toContain("only the first 10000 rows");
  const all = await runCli(["query", many, "--format=csv", "--max-rows=all"], env);
  expect([all.stdout.split("\n").length, all.stderr]).toEqual([10_003, ""]);
});

test("only --write writes, and never against the config file", async () => {
  const { env, emulator } = lakebase();
  const exists = async (name: string): Promise<unknown> =>
    (await emulator.query("select to_regclass($1) is not null as found", [name])).rows[0]?.["found"];
  const refused = await runCli(["query", "create table cli_a (id int)"], env);
  expect(refused).toMatchObject({
    code: 4,
    stdout: "",
    stderr: expect.stringMatching(/^error: READ_ONLY: .*\n.*--write/),
  });
  expect(await exists("cli_a")).toBe(false);

  expect(await runCli(["query", "create table cli_a (id int)", "--write"], env)).toMatchObject({ code: 0, stderr: "" });
  const insert = await runCli(
    ["query", "insert into cli_a values (1), (2) returning id", "--write", "--format=csv"],
    env,
  );
  expect(insert).toEqual({ code: 0, stdout: "id\n1\n2\n", stderr: "2 rows affected\n" });
  expect((await emulator.query("select id from cli_a order by id")).rows).toEqual([{ id: 1 }, { id: 2 }]);

  const auth = { endpoint: emulator.endpoint };
  const config = file("read-only.json", JSON.stringify({ kind: "postgres", auth, access: "read-only" }));
  const ceiling = await runCli(["query", "create table cli_b (id int)", "--write", "--config", config], env);
  expect(ceiling).toMatchObject({ code: 4, stderr: expect.stringContaining("READ_ONLY") });
  expect(await exists("cli_b")).toBe(false);
});

test("the source from another variable, and from a file that holds a config or a URL", async () => {
  const { env, emulator } = lakebase();
  const { DATA_SOURCE_URL: url = "", ...rest } = env;
  const answer = { code: 0, stdout: "a\n1\n", stderr: "" };
  const query = ["query", "select 1 as a", "--format=csv"];
  expect(await runCli([...query, "--env=REPORTS"], { ...rest, REPORTS: url })).toEqual(answer);
  expect(await runCli([...query, "--config", file("url.json", JSON.stringify(url))], rest)).toEqual(answer);
  const config = file("config.json", JSON.stringify({ kind: "postgres", auth: { endpoint: emulator.endpoint } }));
  expect(await runCli([...query, "--config", config], rest)).toEqual(answer);
});

test.each<[string, number, string, (env: Record<string, string>) => string[], Record<string, string>]>([
  ["no variable", 2, "DATA_SOURCE_URL is not set", () => ["check"], { DATA_SOURCE_URL: "" }],
  ["an unknown scheme", 2, "DATA_SOURCE_URL must begin with", () => ["check"], { DATA_SOURCE_URL: "hunter2://x" }],
  ["no file", 2, "--config cannot be read: ENOENT", () => ["check", "--config", "/no/such/file"], {}],
  ["no JSON", 2, "--config is not JSON", () => ["check", "--config", file("bad.json", "hunter2")], {}],
  ["a wrong kind", 2, "kind must be", () => ["check", "--config", file("kind.json", '{"kind":"hunter2"}')], {}],
  [
    "a wrong option",
    2,
    "pasword is not an option",
    () => ["check", "--config", file("option.json", '{"kind":"postgres","pasword":"hunter2"}')],
    {},
  ],
  [
    "a server that is not there",
    3,
    "error: CONNECTION: ",
    () => ["query", "select 1"],
    { DATA_SOURCE_URL: "postgres://u:hunter2@127.0.0.1:1/d" },
  ],
  [
    "a wrong secret",
    3,
    "error: AUTHENTICATION: ",
    () => ["query", "select 1"],
    { DATABRICKS_CLIENT_SECRET: "hunter2" },
  ],
  ["a syntax error", 1, "error: SYNTAX: ", () => ["query", "select 'hunter2' +* from"], {}],
  ["a timeout", 5, "error: STATEMENT_TIMEOUT: ", () => ["query", "select pg_sleep(30)", "--timeout=200ms"], {}],
  ["a wrong argument", 2, "Unknown option '--password'", () => ["query", "--password=hunter2"], {}],
])("%s ends with code %i", async (_name, code, message, args, variables) => {
  const { env } = lakebase();
  const ended = await runCli(args(env), { ...env, ...variables });
  expect(ended).toMatchObject({ code, stdout: "", stderr: expect.stringContaining(message) });
  expect(ended.stderr).not.toContain("hunter2");
});

test("a syntax error says where", async () => {
  const { stderr } = await runCli(["query"], lakebase().env, "select 1\n  +* from t");
  expect(stderr).toBe(
    'error: SYNTAX: syntax error at or near "from"\n  at:       line 2, column 6\n  sqlstate: 42601\n',
  );
});

test("check tells each step, and fails with code 1 where one fails", async () => {
  const { env } = lakebase();
  const good = await runCli(["check"], env);
  const report = JSON.parse(good.stdout) as { ok: boolean; steps: { name: string; outcome: string }[] };
  expect([good.code, report.ok, report.steps.map(({ name }) => name)]).toEqual([
    0,
    true,
    ["resolve", "tcp", "tls", "login", "privileges", "version", "latency"],
  ]);
  // Without --write the source can only read, and check says that its account could do more.
  expect(report.steps.find(({ name }) => name === "privileges")?.outcome).toBe("warning");
  const bad = await runCli(["check", "--format=table"], { ...env, DATABRICKS_CLIENT_SECRET: "hunter2" });
  expect(bad).toMatchObject({ code: 1, stdout: expect.stringMatching(/\| login +\| failed/) });
  expect(bad.stdout).toMatch(/\| latency +\| skipped/);
  expect(bad.stdout + bad.stderr).not.toContain("hunter2");
});

test("introspect and estimate print JSON to a pipe", async () => {
  const { env, emulator } = lakebase();
  await emulator.query("create schema cli_shop; create table cli_shop.customer (id int primary key, name text)");
  await emulator.query(
    `grant usage on schema cli_shop to "${emulator.user}"; grant select on cli_shop.customer to "${emulator.user}"`,
  );
  const { code, stdout } = await runCli(["introspect", "--schema", "cli_sh*"], env);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    schemas: [{ name: "cli_shop", tables: [{ name: "customer", columns: [{ name: "id" }, { name: "name" }] }] }],
    warnings: [],
  });
  const none = await runCli(["introspect", "--schema", "cli_shop", "--table", "order*"], env);
  expect(JSON.parse(none.stdout)).toMatchObject({ warnings: [] });
  expect(none.stdout).not.toContain("customer");

  const nothing = await runCli(["introspect", "--schema", "nothing*", "--format=tree"], env);
  expect(nothing).toEqual({ code: 0, stdout: "", stderr: "no schema that this account may see fits\n" });

  const estimate = await runCli(["estimate", "select * from cli_shop.customer"], env);
  expect(JSON.parse(estimate.stdout)).toMatchObject({ source: "plan", statementType: "SELECT" });
});

test("progress on standard error for work over a second, none for less", async () => {
  const { env } = lakebase();
  const slow = await runCli(["query", "select 1 as a from pg_sleep(1.5)", "--format=csv"], env);
  expect(slow).toEqual({ code: 0, stdout: "a\n1\n", stderr: "query: 1 s\n" });
});

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("%s stops the statement on the server and exits with %i", async (signal, code) => {
  const { env, running } = lakebase();
  const marker = `cli_${signal}`;
  await using run = startCli(["query", `select pg_sleep(60) /* ${marker} */`], env);
  await expect.poll(() => running(marker), { timeout: 20_000 }).toBe(1);
  run.process.kill(signal);
  expect(await run.ended).toBe(code);
  expect(await running(marker)).toBe(0);
  expect([run.stdout(), run.stderr().replaceAll(/query: \d+ s\n/g, "")]).toEqual(["", "cancelled\n"]);
});

test("SIGINT while it waits for its input ends it", async () => {
  await using run = startWaitingCli(["query"], lakebase().env);
  await expect.poll(() => run.stderr(), { timeout: 20_000 }).toBe("listening\n");
  run.process.kill("SIGINT");
  expect([await run.ended, run.stdout(), run.stderr()]).toEqual([130, "", "listening\ncancelled\n"]);
});

test("a write that is cancelled leaves nothing behind", async () => {
  const { env, running, emulator } = lakebase();
  await emulator.query(`create table cli_cancelled (id int); grant all on cli_cancelled to "${emulator.user}"`);
  const sql = "insert into cli_cancelled select 1 from pg_sleep(60)";
  await using run = startCli(["query", sql, "--write"], env);
  await expect.poll(() => running("cli_cancelled"), { timeout: 20_000 }).toBe(1);
  run.process.kill("SIGINT");
  expect(await run.ended).toBe(130);
  expect((await emulator.query("select * from cli_cancelled")).rows).toEqual([]);
});

test.each([["--help"], ["--version"], ["check"], ["hunter2"]])(
  "%s to readers that are gone ends quietly",
  async (arg) => {
    const { env } = lakebase();
    await using run = startCli([arg], env);
    run.process.stdout?.destroy();
    run.process.stderr?.destroy();
    expect(await run.ended).toBe(arg === "hunter2" ? 2 : 0);
  },
);

test("a reader that goes, as after `| head`, ends it quietly and on the server too", async () => {
  const { env, running } = lakebase();
  const sql = "select g, repeat('x', 1000) as x from generate_series(1, 10000000) g /* cli_head */";
  await using run = startCli(["query", sql, "--format=ndjson", "--max-rows=all"], env);
  await expect.poll(() => run.stdout().length, { timeout: 20_000 }).toBeGreaterThan(0);
  run.process.stdout?.destroy();
  expect(await run.ended).toBe(0);
  expect(await running("cli_head")).toBe(0);
  expect(run.stderr().replaceAll(/query: .*\n/g, "")).toBe("");
});
