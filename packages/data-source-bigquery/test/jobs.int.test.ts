import { isDataSourceError, type DataSource, type DataSourceError, type DataSourceEvent } from "@org/data-source-core";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { BigQueryDataSourceOptions } from "../src/index.ts";
import { startServer, type TestServer } from "./server.ts";

let server: TestServer;
let source: DataSource;
let events: DataSourceEvent[];

beforeEach(async () => {
  server = await startServer({ maxWaitMs: 50 });
  events = [];
  await server.emulator.defineTable({
    dataset: "d",
    table: "t",
    schema: [{ name: "a", type: "INTEGER" }],
    bytes: 11 * 2 ** 20,
  });
  await server.emulator.execute("insert into d.t values (1), (2), (3)");
  source = create();
});
afterEach(async () => {
  await source.close();
  await server.emulator.close();
});

function create(options?: BigQueryDataSourceOptions): DataSource {
  return server.create({ access: "read-write", onEvent: (event) => events.push(event), ...options });
}

async function failure(work: Promise<unknown>): Promise<DataSourceError> {
  const error: unknown = await work.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (isDataSourceError(error)) return error;
  throw new Error("not rejected with a DataSourceError", { cause: error });
}

const rowsOf = async (work: AsyncIterable<unknown[]>): Promise<unknown[]> => {
  const all: unknown[] = [];
  for await (const rows of work) all.push(...rows);
  return all;
};

/** What was asked of each page after the first; polls for a job that still runs are not counted. */
const laterPages = (): unknown[] =>
  server.emulator.requests
    .filter((request) => request.search["pageToken"] !== undefined)
    .map((request) => request.search["maxResults"]);

const write = { readOnly: false } as const;
const slow = (sql: string, durationMs: number): void =>
  server.emulator.script({
    sql,
    answer: { schema: [{ name: "a", type: "INTEGER" }], rows: [["1"]], durationMs },
  });

/** The three ways a statement is sent. */
const paths: readonly [string, (text: string, options?: object) => Promise<unknown>][] = [
  ["query", (text, options) => source.query(text, options)],
  ["stream", (text, options) => rowsOf(source.stream(text, options))],
  ["write", (text, options) => source.query(text, { ...options, ...write })],
];

test.each(paths)("%s: labels, byte cap, job timeout and location are on the job", async (_name, run) => {
  await run("select a from d.t", {
    queryTags: { Team: "Data Science", cost_center: "42" },
    statementTimeoutMs: 30_000,
  });
  const [job] = server.emulator.jobs;
  expect(job).toMatchObject({
    labels: { team: "data_science", cost_center: "42" },
    maximumBytesBilled: 25n * 2n ** 30n,
  });
  expect(job?.jobTimeoutMs).toBeGreaterThan(25_000);
  expect(job?.jobTimeoutMs).toBeLessThanOrEqual(30_000);
  expect(job?.location).toBe("US");
});

test.each(paths)("%s: never bills above the cap, as the emulator counts", async (_name, run) => {
  source = create({ maximumBytesBilled: 11 * 2 ** 20 - 1 });
  const error = await failure(run("select a from d.t"));
  expect([error.code, error.nativeCode]).toEqual(["LIMIT_EXCEEDED", "bytesBilledLimitExceeded"]);
  expect(error.hint).toContain("maximumBytesBilled");
  expect(server.emulator.bytesBilled).toBe(0n);
  source = create({ maximumBytesBilled: 11n * 2n ** 20n });
  await run("select a from d.t");
  expect(server.emulator.bytesBilled).toBe(11n * 2n ** 20n);
});

test.each(paths)("%s: a reply that is lost is found again, and nothing runs twice", async (name, run) => {
  const route = name === "query" ? "jobs.query" : "jobs.insert";
  const isRun = (request: { readonly route: string; readonly body: object }): boolean =>
    request.route === route && !JSON.stringify(request.body).includes('"dryRun":true');
  const text = name === "write" ? "insert into d.t (a) select 4" : "select a from d.t";
  for (const kind of ["cut-reply", "cut-reply", "cut-request"] as const) server.emulator.fault({ on: isRun, kind });
  await run(text);
  expect(server.emulator.requests.filter(isRun)).toHaveLength(4);
  expect(server.emulator.jobs).toHaveLength(1);
  expect(events.filter((event) => event.type === "retry")).toEqual(
    [2, 3, 4].map((attempt) => ({ type: "retry", attempt, reason: "lost reply" })),
  );
  const { rows } = await source.query<{ n: bigint }>("select count(*) as n from d.t");
  expect(rows).toEqual([{ n: name === "write" ? 4n : 3n }]);
});

test.each(paths)("%s: a reply to a poll or page that is lost is asked for again", async (_name, run) => {
  slow("select a from slow", 120);
  server.emulator.fault({ on: "jobs.getQueryResults", kind: "cut-reply", times: 2 });
  await run("select a from slow");
  expect(server.emulator.jobs).toHaveLength(1);
});

test("a write whose every reply is lost has an unknown outcome, and its id to ask for", async () => {
  source = create({ location: "US" });
  server.emulator.fault({ on: (request) => request.route.startsWith("jobs."), kind: "cut-reply", times: 100 });
  const error = await failure(source.query("insert into d.t (a) values (4)", write));
  expect(error.code).toBe("OUTCOME_UNKNOWN");
  expect(error.isRetryable).toBe(false);
  expect(server.emulator.jobs.map((job) => job.id)).toEqual([error.queryId]);
});

test("a write that finished before its cancel arrived is said to be done", async () => {
  source = create({ location: "US" });
  slow("insert slowly", 0);
  server.emulator.script({
    sql: "insert into d.t (a) select 9",
    answer: { statementType: "INSERT", rowsAffected: 1, durationMs: 100 },
  });
  server.emulator.fault({ on: "jobs.getQueryResults", kind: "hang" });
  const error = await failure(source.query("insert into d.t (a) select 9", { ...write, statementTimeoutMs: 400 }));
  expect([error.code, error.isRetryable]).toEqual(["STATEMENT_TIMEOUT", false]);
  expect(error.message).toContain("the statement had completed");
  expect(server.emulator.jobs).toHaveLength(1);
});

test("a write that was never sent is no unknown outcome", async () => {
  source = create({ location: "US", credentials: { accessToken: () => new Promise<string>(() => undefined) } });
  const error = await failure(source.query("insert into d.t (a) values (4)", { ...write, statementTimeoutMs: 100 }));
  expect(error.code).toBe("STATEMENT_TIMEOUT");
  expect(server.emulator.requests).toEqual([]);
});

test.each(paths)("%s: a job longer than one call waits is polled to its end", async (_name, run) => {
  slow("select a from slow", 1600);
  await run("select a from slow");
  expect(server.emulator.count("jobs.getQueryResults")).toBeGreaterThan(5);
  expect(server.emulator.jobs).toHaveLength(1);
});

test.each(paths)("%s: an abort stops the job, seen as DONE before it rejects", async (_name, run) => {
  slow("select a from slow", 30_000);
  const caller = new AbortController();
  const running = failure(run("select a from slow", { signal: caller.signal }));
  await expect.poll(() => server.emulator.jobs.length, { timeout: 5000 }).toBe(1);
  caller.abort();
  expect((await running).code).toBe("CANCELLED");
  expect(server.emulator.jobs).toMatchObject([
    { state: "DONE", cancelRequested: true, problem: { reason: "stopped" } },
  ]);
});

test.each(paths)("%s: a timeout stops the job", async (_name, run) => {
  slow("select a from slow", 30_000);
  const error = await failure(run("select a from slow", { statementTimeoutMs: 300 }));
  expect(error.code).toBe("STATEMENT_TIMEOUT");
  expect(server.emulator.jobs).toMatchObject([{ state: "DONE", problem: { reason: "stopped" } }]);
});

test.each(paths)(
  "%s: outside of the multi-regions the job is polled, paged and cancelled where it is",
  async (_name, run) => {
    await server.emulator.close();
    server = await startServer({ maxWaitMs: 50, location: "europe-west1" });
    source = create();
    slow("select a from slow", 1300);
    await run("select a from slow");
    slow("select a from slower", 30_000);
    const error = await failure(run("select a from slower", { statementTimeoutMs: 1300 }));
    expect(error.code).toBe("STATEMENT_TIMEOUT");
    expect(server.emulator.jobs).toMatchObject([
      { state: "DONE", location: "europe-west1" },
      { state: "DONE", location: "europe-west1" },
    ]);
  },
);

test("an abort waits for a slow cancel to be DONE", async () => {
  await server.emulator.close();
  server = await startServer({ cancelDelayMs: 300 });
  source = create();
  slow("select a from slow", 30_000);
  const caller = new AbortController();
  const running = failure(source.query("select a from slow", { signal: caller.signal }));
  await expect.poll(() => server.emulator.jobs.length, { timeout: 5000 }).toBe(1);
  caller.abort();
  await running;
  expect(server.emulator.jobs[0]?.state).toBe("DONE");
  expect(server.emulator.count("jobs.get")).toBeGreaterThan(1);
});

test("the server's own timeout is STATEMENT_TIMEOUT, another's cancel is CANCELLED", async () => {
  slow("select a from slow", 30_000);
  const running = failure(source.query("select a from slow"));
  await expect.poll(() => server.emulator.jobs.length, { timeout: 5000 }).toBe(1);
  server.emulator.jobs[0]?.cancel();
  expect(await running).toMatchObject({ code: "CANCELLED", nativeCode: "stopped" });
});

test("closing a stream while its job runs stops the job", async () => {
  slow("select a from slow", 30_000);
  const stream = source.stream("select a from slow");
  const columns = stream.columns().catch(() => "ended");
  await expect.poll(() => server.emulator.jobs.length, { timeout: 5000 }).toBe(1);
  await stream.close();
  expect(server.emulator.jobs).toMatchObject([{ state: "DONE", cancelRequested: true }]);
  expect(await columns).toBe("ended");
});

test("leaving a loop early asks for no page more", async () => {
  const stream = source.stream("select n from unnest(generate_array(1, 50000)) as n", { batchRows: 10 });
  for await (const rows of stream) {
    expect(rows).toHaveLength(10);
    break;
  }
  expect(laterPages()).toEqual([]);
  expect(server.emulator.requests.at(-1)?.search["maxResults"]).toBe("10");
});

test("maxRows: no page holds more than is wanted, one row beyond", async () => {
  const text = "select n from unnest(generate_array(1, 50000)) as n";
  await source.query(text, { maxRows: 7 });
  expect(server.emulator.requests.findLast((request) => request.route === "jobs.query")?.body["maxResults"]).toBe(8);
  const { rows, truncated } = await source.query(text, { maxRows: 12_000 });
  expect([rows.length, truncated]).toEqual([12_000, true]);
  expect(laterPages()).toEqual(["2001"]);
});

test("timestamps keep their microseconds as a query, as a stream and on a later page", async () => {
  const at = "2024-02-29T01:02:03.000004Z";
  const text = "select timestamp '2024-02-29 01:02:03.000004+00' as at from unnest(generate_array(1, 3)) as n";
  const rows = [{ at }, { at }, { at }];
  expect((await source.query(text)).rows).toEqual(rows);
  expect(await rowsOf(source.stream(text, { batchRows: 2 }))).toEqual(rows);
});

test("a stream's pages: full ones while many rows are wanted, then the rest and one row beyond", async () => {
  const stream = source.stream("select n from unnest(generate_array(1, 50000)) as n", { maxRows: 12_000 });
  expect(await rowsOf(stream)).toHaveLength(12_000);
  expect(stream.truncated).toBe(true);
  expect(laterPages()).toEqual(["10000", "1001"]);
});

test("a stream asks for fewer rows a page where they are wide", async () => {
  const [count, wide] = [3000, "x".repeat(8 * 1024)];
  server.emulator.script({
    sql: "select wide",
    answer: { schema: [{ name: "wide", type: "STRING" }], rows: { count, row: () => [wide] } },
  });
  expect(await rowsOf(source.stream("select wide", { batchRows: 100 }))).toHaveLength(count);
  const rowBytes = `{"f":[{"v":"${wide}"}]},`.length;
  const asked = laterPages().map(Number);
  expect(asked.length).toBe(Math.ceil((count - 100) / (asked[0] as number)));
  for (const rows of asked) {
    expect(rows * rowBytes).toBeLessThanOrEqual(4 * 2 ** 20);
    expect(rows * rowBytes).toBeGreaterThan(3.9 * 2 ** 20);
  }
});

test("maxBytes: no page after the limit", async () => {
  const text = "select n from unnest(generate_array(1, 50000)) as n";
  const { rows, truncated } = await source.query(text, { maxBytes: 8 * 12_000, maxRows: Infinity });
  expect([rows.length, truncated]).toEqual([12_000, true]);
  expect(laterPages()).toEqual(["10000"]);
});

test.each(["rateLimitExceeded", "backendError", "internalError"])("a read is tried again after %s", async (reason) => {
  server.emulator.fault({ on: "jobs.insert", kind: "error", reason });
  server.emulator.fault({ on: "jobs.query", kind: "error", reason, times: 2 });
  expect((await source.query("select 1 as a")).rows).toEqual([{ a: 1n }]);
  expect(events.filter((event) => event.type === "retry").map((event) => event.reason)).toEqual([
    reason,
    reason,
    reason,
  ]);
});

test("a read whose job failed for a moment's reason runs as another job, a write does not", async () => {
  const error = { reason: "backendError", message: "try again" };
  server.emulator.script({
    sql: "select 1 as flaky",
    answer: { error, schema: [{ name: "flaky", type: "INTEGER" }] },
    times: 2,
  });
  expect((await source.query("select 1 as flaky")).rows).toEqual([{ flaky: 1n }]);
  expect(server.emulator.jobs).toHaveLength(3);
  server.emulator.script({
    sql: "select 2 as flaky",
    answer: { error, schema: [{ name: "flaky", type: "INTEGER" }] },
    times: 2,
  });
  expect(await rowsOf(source.stream("select 2 as flaky"))).toEqual([{ flaky: 2n }]);
  expect(server.emulator.jobs).toHaveLength(6);
  server.emulator.script({ sql: "insert flaky", answer: { error, statementType: "INSERT" } });
  const failed = await failure(source.query("insert flaky", write));
  expect([failed.nativeCode, failed.isRetryable]).toEqual(["backendError", true]);
  expect(server.emulator.jobs).toHaveLength(7);
});

test("a reason that stays is given up within the deadline", async () => {
  server.emulator.fault({ on: "jobs.insert", kind: "error", reason: "rateLimitExceeded", times: 100 });
  const started = performance.now();
  const error = await failure(source.query("select 1", { statementTimeoutMs: 1000 }));
  expect([error.code, error.nativeCode, error.isRetryable]).toEqual(["LIMIT_EXCEEDED", "rateLimitExceeded", true]);
  expect(performance.now() - started).toBeLessThan(1500);
});

test.each([
  ["quotaExceeded", "Quota exceeded", "LIMIT_EXCEEDED", /next period/],
  [
    "accessDenied",
    "Access Denied: Project p: User does not have bigquery.jobs.create permission in project p.",
    "PERMISSION_DENIED",
    /grant roles\/bigquery\.jobUser/,
  ],
  [
    "accessDenied",
    "Access Denied: Table p:d.t: User does not have permission to query table p:d.t, or perhaps it does not exist.",
    "PERMISSION_DENIED",
    /roles\/bigquery\.dataViewer/,
  ],
  [
    "accessDenied",
    "Access Denied: Table p:d.t: Permission bigquery.tables.getData denied on table p:d.t",
    "PERMISSION_DENIED",
    /grant roles\/bigquery\.dataViewer/,
  ],
] as const)("%s fails at once: %s", async (reason, message, code, hint) => {
  for (const [on, requests] of [
    ["jobs.insert", 1],
    ["jobs.query", 2],
  ] as const) {
    const before = server.emulator.requests.length;
    server.emulator.fault({ on, kind: "error", reason, message });
    const error = await failure(source.query(`select 1 as ${on.replace(".", "_")}`));
    expect([error.code, error.nativeCode, error.isRetryable]).toEqual([code, reason, false]);
    expect(error.hint).toMatch(hint);
    expect(server.emulator.requests.length - before).toBe(requests);
  }
});

test("a reply that never comes does not outlive the deadline", async () => {
  server.emulator.fault({ on: "jobs.query", kind: "hang" });
  const started = performance.now();
  const error = await failure(source.query("select 1 as a", { statementTimeoutMs: 300 }));
  expect(error.code).toBe("STATEMENT_TIMEOUT");
  expect(performance.now() - started).toBeLessThan(7000);
  expect(server.emulator.jobs).toHaveLength(1);
});

test("usage, id and notices are the job's", async () => {
  const result = await source.query("select a from d.t");
  expect(result.usage).toEqual({ bytesProcessed: 11n * 2n ** 20n, bytesBilled: 11n * 2n ** 20n, cacheHit: false });
  expect(result.queryId).toBe(server.emulator.jobs[0]?.id);
  expect(result.notices).toEqual([]);
});

test("tags that cannot be labels are refused by name, before anything is sent", async () => {
  const error = await failure(source.query("select 1", { queryTags: { Team: "a", team: "b" } }));
  expect(error).toMatchObject({ code: "VALIDATION", field: "queryTags.team" });
  expect(server.emulator.requests).toEqual([]);
});
