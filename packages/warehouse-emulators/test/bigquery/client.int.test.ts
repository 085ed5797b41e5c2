import { BigQuery } from "@google-cloud/bigquery";
import { generateKeyPairSync, sign } from "node:crypto";
import { OAuth2Client } from "google-auth-library";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startBigQueryEmulator, type BigQueryEmulator } from "../../src/bigquery/index.ts";

const keySetting = {
  modulusLength: 2048,
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
} as const;
let emulator: BigQueryEmulator;
let client: BigQuery;

beforeAll(async () => {
  process.env["METADATA_SERVER_DETECTION"] = "none";
  emulator = await startBigQueryEmulator({ pageBytes: 2000 });
  await emulator.defineTable({
    dataset: "shop",
    table: "orders",
    schema: [
      { name: "id", type: "INTEGER", mode: "REQUIRED" },
      { name: "total", type: "NUMERIC" },
      { name: "tags", type: "STRING", mode: "REPEATED" },
      {
        name: "item",
        type: "RECORD",
        fields: [
          { name: "sku", type: "STRING" },
          { name: "sizes", type: "INTEGER", mode: "REPEATED" },
        ],
      },
    ],
    partitionBy: { expression: "DATE(created)", column: "created" },
    clusterBy: ["id"],
    labels: { team: "sales" },
    primaryKey: ["id"],
    bytes: 5_000_000,
    rows: 2,
  });
  await emulator.execute(
    "insert into shop.orders values (1, 1.50, ['a', 'b'], struct('x' as sku, [1, 2] as sizes)), (2, null, null, null)",
  );
  client = createClient(emulator);
});
afterAll(() => emulator.close());

function createClient(server: BigQueryEmulator): BigQuery {
  const authClient = new OAuth2Client();
  authClient.setCredentials({ access_token: "token", expiry_date: Date.now() + 3_600_000 });
  const { projectId, url: apiEndpoint } = server;
  const options = { projectId, apiEndpoint, authClient, retryOptions: { autoRetry: false } };
  return new BigQuery(options);
}

/** The reason and status that the client's error carries. */
async function reasonOf(work: Promise<unknown>): Promise<[string | undefined, number | undefined, string]> {
  try {
    await work;
  } catch (error) {
    const { errors, code, message } = error as { errors?: { reason: string }[]; code?: number; message: string };
    return [errors?.[0]?.reason, code, message];
  }
  throw new Error("fulfilled");
}

test("query: scalar types as the client reads them", async () => {
  const [rows] = await client.query({
    query: `select 9007199254740993 as i, 1.5 as f, numeric '12.50' as n, 'x' as s, b'\\x00\\xff' as b, true as t,
      date '2024-02-29' as d, time '01:02:03.000004' as tm, datetime '2024-02-29 01:02:03.000004' as dt,
      timestamp '2024-02-29 01:02:03.000004+00' as ts, [1, 2] as arr, struct(1 as a, 'y' as b) as st,
      parse_json('{"a":1}') as j, interval 90 minute as iv, null as nothing`,
    wrapIntegers: true,
  });
  const row = rows[0] as Record<string, unknown>;
  const text = (key: string): unknown => (row[key] as { value: unknown }).value;
  expect(text("i")).toBe("9007199254740993");
  expect([row["f"], String(row["n"]), row["s"], row["t"]]).toEqual([1.5, "12.5", "x", true]);
  expect(row["b"]).toEqual(Buffer.from([0, 255]));
  expect([text("d"), text("tm"), text("dt"), text("ts")]).toEqual([
    "2024-02-29",
    "01:02:03.000004",
    "2024-02-29T01:02:03.000004",
    "2024-02-29T01:02:03.000004000Z",
  ]);
  expect((row["arr"] as { value: string }[]).map((item) => item.value)).toEqual(["1", "2"]);
  expect(row["st"]).toMatchObject({ a: { value: "1" }, b: "y" });
  expect([row["j"], row["nothing"]]).toEqual(['{"a":1}', null]);
  expect(row["iv"]).toBe("0-0 0 1:30:0");
});

test("query: named and positional parameters, arrays, structs, nulls and empty arrays", async () => {
  const [named] = await client.query({
    query: "select @i + 1 as i, @s as s, @d as d, @list as list, @st.a as a, @none as none, 3 in unnest(@list) as has",
    params: { i: 41, s: "it's", d: BigQuery.date("2024-01-02"), list: [1, 2, 3], st: { a: 7 }, none: null },
    types: { i: "INT64", s: "STRING", d: "DATE", list: ["INT64"], st: { a: "INT64" }, none: "STRING" },
  });
  expect(named[0]).toMatchObject({
    i: 42,
    s: "it's",
    d: { value: "2024-01-02" },
    list: [1, 2, 3],
    a: 7,
    none: null,
    has: true,
  });
  const [positional] = await client.query({
    query: "select ? as a, ? as b",
    params: ["x", []],
    types: ["STRING", ["INT64"]] as never,
  });
  expect(positional[0]).toEqual({ a: "x", b: [] });
  expect((await reasonOf(client.query({ query: "select ?", params: [1, 2] })))[0]).toBe("invalidQuery");
});

test("nested and repeated columns, paged by the server's size limit", async () => {
  const [rows] = await client.query("select * from shop.orders order by id");
  expect(rows).toMatchObject([
    { id: 1, tags: ["a", "b"], item: { sku: "x", sizes: [1, 2] } },
    { id: 2, total: null, tags: [], item: null },
  ]);
  const before = emulator.count("jobs.getQueryResults");
  const [many] = await client.query("select n from unnest(generate_array(1, 2000)) as n");
  expect(many).toHaveLength(2000);
  expect(emulator.count("jobs.getQueryResults") - before).toBeGreaterThan(2);
});

test("timestamps are not sent as floats, which would lose digits: a request that asks for them so fails", async () => {
  const response = await fetch(`${emulator.url}/bigquery/v2/projects/test-project/queries`, {
    method: "POST",
    headers: { authorization: "Bearer token", "content-type": "application/json" },
    body: JSON.stringify({ query: "select struct(current_timestamp() as t) as s", useLegacySql: false }),
  });
  expect(await response.json()).toMatchObject({ error: { code: 501, errors: [{ reason: "notImplemented" }] } });
});

test("dry run: statement type, bytes, schema and inferred parameters, and nothing runs", async () => {
  const before = emulator.jobs.length;
  const dryRun = async (query: string): Promise<Record<string, unknown>> => {
    const [job] = await client.createQueryJob({ query, dryRun: true });
    return (job.metadata as { statistics: { query: Record<string, unknown> } }).statistics.query;
  };
  expect(await dryRun("select id, total from shop.orders where id > @least")).toMatchObject({
    statementType: "SELECT",
    totalBytesProcessed: "5000000",
    schema: {
      fields: [
        { name: "id", type: "INTEGER" },
        { name: "total", type: "NUMERIC" },
      ],
    },
    undeclaredQueryParameters: [{ name: "least", parameterType: { type: "INT64" } }],
  });
  const types: Record<string, string> = {
    "delete from shop.orders where true": "DELETE",
    "select 1; select 2": "SCRIPT",
    "begin select 1; end": "SCRIPT",
    "execute immediate 'drop table t'": "SCRIPT",
    "create temp function f() as (1); select f()": "SELECT",
    "create or replace table shop.x as select 1 as a": "CREATE_TABLE_AS_SELECT",
    "drop table shop.orders": "DROP_TABLE",
    "export data options(uri='gs://b/*') as select 1": "EXPORT_DATA",
    "call shop.p()": "CALL",
    "truncate table shop.orders": "TRUNCATE_TABLE",
  };
  for (const [text, type] of Object.entries(types)) {
    emulator.script({
      sql: "create temp function f() as (1); select f()",
      answer: { schema: [{ name: "f0_", type: "INTEGER" }] },
    });
    expect(await dryRun(text).then((found) => found["statementType"]), text).toBe(type);
  }
  expect(emulator.jobs).toHaveLength(before);
});

test("jobs: an own id, found again, a conflict for the second", async () => {
  const jobId = "mine-1";
  const [job] = await client.createQueryJob({ query: "select 1 as a", jobId });
  expect((await job.getQueryResults())[0]).toEqual([{ a: 1 }]);
  expect((await reasonOf(client.createQueryJob({ query: "select 1 as a", jobId }))).slice(0, 2)).toEqual([
    "duplicate",
    409,
  ]);
  expect(emulator.jobs.filter((candidate) => candidate.id === jobId)).toHaveLength(1);
  const [found] = await client.job(jobId, { location: "US" }).get();
  expect((found.metadata as { status: { state: string } }).status.state).toBe("DONE");
});

test("jobs.query: the same requestId is the same job, another text is not", async () => {
  const send = (query: string, requestId: string): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const json = { query, requestId, useLegacySql: false };
      client.request({ method: "POST", uri: "/queries", json }, (error, body) =>
        error ? reject(error) : resolve((body as { jobReference: { jobId: string } }).jobReference.jobId),
      );
    });
  const [first, again, other] = [
    await send("select 1", "r1"),
    await send("select 1", "r1"),
    await send("select 2", "r1"),
  ];
  expect(again).toBe(first);
  expect(other).not.toBe(first);
});

test("cancel is seen as DONE with reason stopped, after the delay", async () => {
  await using slow = await startBigQueryEmulator({ cancelDelayMs: 30 });
  slow.script({ sql: "select slow()", answer: { schema: [], rows: [], durationMs: 30_000 } });
  const other = createClient(slow);
  const [job] = await other.createQueryJob("select slow()");
  const state = async (): Promise<unknown> => {
    const [metadata] = await job.getMetadata();
    return (metadata as { status: { state: string; errorResult?: { reason: string } } }).status;
  };
  expect(await state()).toEqual({ state: "RUNNING" });
  await job.cancel();
  await expect.poll(state, { timeout: 5000 }).toMatchObject({ state: "DONE", errorResult: { reason: "stopped" } });
  expect(slow.jobs[0]).toMatchObject({ cancelRequested: true });
});

test("a job whose cancel takes its time runs on until then", async () => {
  await using slow = await startBigQueryEmulator({ cancelDelayMs: 60_000 });
  const end = Promise.withResolvers<void>();
  slow.script({ sql: "select slow()", answer: { schema: [], rows: [], until: end.promise } });
  const [job] = await createClient(slow).createQueryJob("select slow()");
  await job.cancel();
  expect(slow.jobs).toMatchObject([{ state: "RUNNING", cancelRequested: true }]);
  end.resolve();
  await slow.jobs[0]?.done;
  expect(slow.jobs).toMatchObject([{ state: "DONE", problem: undefined }]);
});

test("billed are whole mebibytes, ten at least, and nothing for nothing", async () => {
  await using billing = await startBigQueryEmulator();
  const mebibyte = 2 ** 20;
  const billed = async (bytesProcessed: number): Promise<number> => {
    const before = billing.bytesBilled;
    billing.script({ sql: "select 1", answer: { schema: [], rows: [], bytesProcessed } });
    await createClient(billing).query("select 1");
    return Number(billing.bytesBilled - before) / mebibyte;
  };
  expect([await billed(0), await billed(1), await billed(10 * mebibyte), await billed(10 * mebibyte + 1)]).toEqual([
    0, 10, 10, 11,
  ]);
});

test("a job outside of the multi-regions is found with its location alone", async () => {
  await using regional = await startBigQueryEmulator({ location: "europe-west1" });
  const other = createClient(regional);
  const [job] = await other.createQueryJob("select 1 as a");
  const found = (location?: string): Promise<unknown> => other.job(job.id ?? "", location ? { location } : {}).get();
  await expect(found("europe-west1")).resolves.toBeDefined();
  for (const location of [undefined, "US"]) {
    expect((await reasonOf(found(location))).slice(0, 2)).toEqual(["notFound", 404]);
  }
});

test("limits: bytes billed, job timeout and the wait of one call", async () => {
  await using short = await startBigQueryEmulator({ maxWaitMs: 20 });
  await short.defineTable({
    dataset: "d",
    table: "t",
    schema: [{ name: "a", type: "INTEGER" }],
    bytes: 11 * 1024 * 1024,
  });
  short.script({ sql: "select slow()", answer: { schema: [], rows: [], durationMs: 200 } });
  const other = createClient(short);
  const query = "select a from d.t";
  const refused = await reasonOf(other.query({ query, maximumBytesBilled: "10485760" }));
  expect(refused.slice(0, 2)).toEqual(["bytesBilledLimitExceeded", 400]);
  expect(short.bytesBilled).toBe(0n);
  await other.query({ query, maximumBytesBilled: "11534336" });
  expect(short.bytesBilled).toBe(11_534_336n);
  const [timedOut] = await other.createQueryJob({ query: "select slow()", jobTimeoutMs: 10 });
  expect((await reasonOf(timedOut.getQueryResults()))[0]).toBe("stopped");
  const before = short.count("jobs.getQueryResults");
  await other.query("select slow()");
  expect(short.count("jobs.getQueryResults") - before).toBeGreaterThan(3);
});

test("errors carry reason and status", async () => {
  expect((await reasonOf(client.query("selec 1"))).slice(0, 2)).toEqual(["invalidQuery", 400]);
  expect((await reasonOf(client.query("select nope from shop.orders")))[2]).toBe("Unrecognized name: nope at [1:8]");
  expect((await reasonOf(client.query("select * from shop.nope"))).slice(0, 2)).toEqual(["notFound", 404]);
  expect((await reasonOf(client.query("select 1 as a, 2 as a")))[2]).toContain("Duplicate column names");
  expect((await reasonOf(client.query("select no_such_function(1)"))).slice(0, 2)).toEqual(["notImplemented", 501]);
  expect((await reasonOf(client.query("select bignumeric '1'"))).slice(0, 2)).toEqual(["notImplemented", 501]);
  emulator.fault({ on: "jobs.query", kind: "error", reason: "quotaExceeded", message: "too much" });
  expect(await reasonOf(client.query("select 1"))).toEqual(["quotaExceeded", 403, "too much"]);
});

test("labels are recorded and checked; writes count their rows", async () => {
  await client.query({ query: "select 1 as labelled", labels: { team: "a-b_1" } });
  expect(emulator.jobs.at(-1)?.labels).toEqual({ team: "a-b_1" });
  expect((await reasonOf(client.query({ query: "select 1", labels: { Team: "x" } })))[0]).toBe("invalid");
  await client.query("create table shop.made (a int64, b string)");
  const [job] = await client.createQueryJob("insert into shop.made (a, b) values (1, 'x'), (2, 'y')");
  await job.getQueryResults();
  const [metadata] = await job.getMetadata();
  expect((metadata as { statistics: object }).statistics).toMatchObject({
    query: { numDmlAffectedRows: "2", statementType: "INSERT" },
  });
  await client.query("drop table shop.made");
});

test("datasets, tables and what is in them", async () => {
  expect((await client.getDatasets())[0].map((dataset) => dataset.id)).toEqual(["shop"]);
  expect((await client.dataset("shop").getTables())[0].map((table) => table.id)).toEqual(["orders"]);
  const [metadata] = await client.dataset("shop").table("orders").getMetadata();
  expect(metadata).toMatchObject({
    numRows: "2",
    labels: { team: "sales" },
    timePartitioning: { field: "created" },
    clustering: { fields: ["id"] },
    schema: {
      fields: [{ name: "id" }, { name: "total" }, { name: "tags", mode: "REPEATED" }, { name: "item", type: "RECORD" }],
    },
  });
  const [rows] = await client.dataset("shop").table("orders").getRows({ maxResults: 1, autoPaginate: false });
  expect(rows).toMatchObject([{ id: 1 }]);
});

test("INFORMATION_SCHEMA by dataset and by region, each view where the service has it", async () => {
  const [columns] = await client.query(
    "select column_name, data_type, is_partitioning_column, clustering_ordinal_position as c from `test-project`.shop.INFORMATION_SCHEMA.COLUMNS order by ordinal_position",
  );
  expect(columns).toEqual([
    { column_name: "id", data_type: "INT64", is_partitioning_column: "NO", c: 1 },
    { column_name: "total", data_type: "NUMERIC", is_partitioning_column: "NO", c: null },
    { column_name: "tags", data_type: "ARRAY<STRING>", is_partitioning_column: "NO", c: null },
    { column_name: "item", data_type: "STRUCT<sku STRING, sizes ARRAY<INT64>>", is_partitioning_column: "NO", c: null },
  ]);
  const [storage] = await client.query(
    "select table_name, total_rows from `region-us`.INFORMATION_SCHEMA.TABLE_STORAGE",
  );
  expect(storage).toEqual([{ table_name: "orders", total_rows: 2 }]);
  const keys = await reasonOf(client.query("select 1 as a from `region-us`.INFORMATION_SCHEMA.KEY_COLUMN_USAGE"));
  expect(keys[0]).toBe("invalidQuery");
});

test("faults: a cut reply leaves the job behind, a cut request does not", async () => {
  const before = emulator.jobs.length;
  emulator.fault({ on: "jobs.query", kind: "cut-request" });
  await expect(client.query("select 1 as cut_request")).rejects.toThrow("socket hang up");
  expect(emulator.jobs).toHaveLength(before);
  emulator.fault({ on: "jobs.query", kind: "cut-reply" });
  await expect(client.query("select 1 as cut_reply")).rejects.toThrow("socket hang up");
  expect(emulator.jobs).toHaveLength(before + 1);
});

/** The status of one request, and the reason of its error. */
async function statusOf(
  server: BigQueryEmulator,
  path: string,
  body?: object,
  token = "token",
): Promise<[number, string | undefined]> {
  const response = await fetch(`${server.url}/bigquery/v2/projects/${path}`, {
    method: body ? "POST" : "GET",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const { error } = (await response.json()) as { error?: { errors: { reason: string }[] } };
  return [response.status, error?.errors[0]?.reason];
}

test("legacy SQL, another project, a page of another job and words that DuckDB means otherwise are refused", async () => {
  const [first, second] = ["page-1", "page-2"];
  for (const jobId of [first, second]) {
    const [job] = await client.createQueryJob({ query: "select n from unnest(generate_array(1, 9)) as n", jobId });
    await job.getQueryResults();
  }
  const page = (token: string): string => `test-project/queries/${second}?maxResults=2&pageToken=${token}`;
  expect(await statusOf(emulator, page(`${second}:2`))).toEqual([200, undefined]);
  expect(await statusOf(emulator, page(`${first}:2`))).toEqual([400, "invalid"]);
  expect(await statusOf(emulator, "test-project/queries", { query: "select 1" })).toEqual([501, "notImplemented"]);
  expect(await statusOf(emulator, "other-project/datasets")).toEqual([403, "accessDenied"]);
  const query = "select 1 as a qualify row_number() over () = 1";
  const qualify = { query, useLegacySql: false };
  expect(await statusOf(emulator, "test-project/queries", qualify)).toEqual([501, "notImplemented"]);
});

test("self-signed tokens: the signature and the end are verified", async () => {
  await using strict = await startBigQueryEmulator();
  const [own, foreign] = [generateKeyPairSync("rsa", keySetting), generateKeyPairSync("rsa", keySetting)];
  strict.identity.trustKey("a@example.com", own.publicKey);
  const now = Math.floor(Date.now() / 1000);
  const signed = (key: string, exp: number): string => {
    const parts = [{ alg: "RS256" }, { iss: "a@example.com", exp }];
    const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
    return `${text}.${sign("RSA-SHA256", Buffer.from(text), key).toString("base64url")}`;
  };
  const ask = (token: string): Promise<unknown> => statusOf(strict, "test-project/datasets", undefined, token);
  expect(await ask(signed(own.privateKey, now + 60))).toEqual([200, undefined]);
  expect(await ask(signed(own.privateKey, now - 60))).toEqual([401, "authError"]);
  expect(await ask(signed(foreign.privateKey, now + 60))).toEqual([401, "authError"]);
});

test("INFORMATION_SCHEMA of a region has the datasets of that region alone", async () => {
  await using regional = await startBigQueryEmulator();
  const schema = [{ name: "a", type: "INTEGER" }];
  await regional.defineDataset({ dataset: "there", location: "EU" });
  for (const dataset of ["here", "there"]) await regional.defineTable({ dataset, table: "t", schema });
  for (const [region, dataset] of [
    ["us", "here"],
    ["eu", "there"],
  ] as const) {
    const query = `select table_schema from \`region-${region}\`.INFORMATION_SCHEMA.TABLES`;
    expect((await createClient(regional).query(query))[0]).toEqual([{ table_schema: dataset }]);
  }
});

test("a request without a token, or with one that is not taken, is authError", async () => {
  await using strict = await startBigQueryEmulator();
  strict.identity.acceptOnly(["other"]);
  expect((await reasonOf(createClient(strict).query("select 1"))).slice(0, 2)).toEqual(["authError", 401]);
  const { status } = await fetch(`${strict.url}/bigquery/v2/projects/test-project/datasets`);
  expect(status).toBe(401);
});
