import type { DataSource } from "@org/data-source-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startServer, type TestServer } from "./server.ts";

let server: TestServer;
let source: DataSource;

beforeAll(async () => {
  server = await startServer();
  const { emulator } = server;
  await emulator.defineDataset({ dataset: "eu_data", location: "EU" });
  for (const dataset of ["shop", "eu_data"]) {
    await emulator.defineTable({
      dataset,
      table: "facts",
      schema: [
        { name: "id", type: "INTEGER" },
        { name: "price", type: "NUMERIC" },
        { name: "name", type: "STRING" },
        { name: "at", type: "TIMESTAMP" },
        { name: "raw", type: "BYTES" },
        { name: "tags", type: "STRING", mode: "REPEATED" },
      ],
      partitionBy: { expression: "RANGE_BUCKET(id, GENERATE_ARRAY(0, 100, 10))", column: "id" },
      rows: 3,
    });
    await emulator.execute(
      `insert into ${dataset}.facts values (9, 10.5, 'b', timestamp '2024-01-01 00:00:00+00', b'a', ['x']), (10, 9.25, 'a', timestamp '2024-01-01 00:00:00.5+00', b'a', []), (null, -1, 'b', null, null, null)`,
    );
  }
  await emulator.defineTable({
    dataset: "shop",
    table: "seen",
    type: "VIEW",
    query: "select 1 as a",
    schema: [{ name: "a", type: "INTEGER" }],
  });
  source = server.create();
});
afterAll(async () => {
  await source.close();
  await server.emulator.close();
});

test("every region is asked by its own name, with names bound, at the place where it is", async () => {
  const before = server.emulator.jobs.length;
  const { schemas, warnings } = await source.introspect();
  expect(warnings).toEqual([]);
  expect(
    schemas.map(({ catalog, name, comment, tables }) => [catalog, name, comment, tables.map((table) => table.name)]),
  ).toEqual([
    ["test-project", "eu_data", undefined, ["facts"]],
    ["test-project", "shop", undefined, ["facts", "seen"]],
  ]);
  const jobs = server.emulator.jobs.slice(before);
  expect(new Set(jobs.map((job) => job.location))).toEqual(new Set(["eu", "us"]));
  for (const job of jobs) {
    // Every region that its text names is the one it runs in.
    expect(job.sql.match(/region-\w+/g) ?? []).toEqual(
      (job.sql.match(/region-/g) ?? []).map(() => `region-${job.location}`),
    );
    expect(job.maximumBytesBilled).toBe(25n * 2n ** 30n);
  }
  expect(schemas[0]?.tables[0]?.partitioning).toEqual({
    strategy: "range",
    expressions: ["RANGE_BUCKET(id, GENERATE_ARRAY(0, 100, 10))"],
    partitions: undefined,
  });
});

test("only the regions and datasets in question are asked", async () => {
  const before = server.emulator.jobs.length;
  const { schemas } = await source.introspect({ schemas: { include: ["eu_*"] } });
  expect(schemas.map((schema) => schema.name)).toEqual(["eu_data"]);
  const texts = server.emulator.jobs.slice(before).map((job) => job.sql);
  expect(texts).toHaveLength(8);
  for (const text of texts) expect(text).not.toMatch(/region-us|shop/);
});

test("a part that may not be read is unknown, and a warning says so", async () => {
  const isStorage = (request: { readonly body: object }): boolean =>
    JSON.stringify(request.body).includes("TABLE_STORAGE");
  server.emulator.fault({
    on: isStorage,
    kind: "error",
    reason: "accessDenied",
    message: "Access Denied: User does not have bigquery.tables.list permission",
  });
  const { schemas, warnings } = await source.introspect({ schemas: { include: ["shop"] } });
  const facts = schemas[0]?.tables[0];
  expect([facts?.rowCount, facts?.sizeBytes, facts?.modifiedAt]).toEqual([undefined, undefined, undefined]);
  expect(facts?.columns).toHaveLength(6);
  expect(warnings).toEqual([
    {
      part: "storage",
      message: "test-project, us: Access Denied: User does not have bigquery.tables.list permission",
      schema: undefined,
      table: undefined,
    },
  ]);
  const isKeys = (request: { readonly body: object }): boolean =>
    JSON.stringify(request.body).includes("KEY_COLUMN_USAGE");
  server.emulator.fault({ on: isKeys, kind: "error", reason: "accessDenied" });
  const withoutKeys = (await source.introspect({ schemas: { include: ["shop"] } })).schemas[0]?.tables[0];
  expect([withoutKeys?.primaryKey, withoutKeys?.foreignKeys]).toEqual([undefined, undefined]);
});

test("without the columns there is no catalog", async () => {
  const isColumns = (request: { readonly body: object }): boolean =>
    JSON.stringify(request.body).includes("INFORMATION_SCHEMA.COLUMNS");
  server.emulator.fault({ on: isColumns, kind: "error", reason: "accessDenied" });
  await expect(source.introspect()).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
});

test("statistics come from a free listing of a bounded number of rows", async () => {
  const jobs = server.emulator.jobs.length;
  const statistics = { sampleRows: 3, samples: 2 };
  const { schemas, warnings } = await source.introspect({ schemas: { include: ["shop"] } }, { statistics });
  expect(server.emulator.jobs.length - jobs).toBe(8);
  const columns = schemas[0]?.tables[0]?.columns ?? [];
  const of = (name: string): unknown => columns.find((column) => column.name === name)?.statistics;
  const third = { source: "sample", sampledRows: 3, nullFraction: 1 / 3 };
  expect(of("id")).toEqual({ ...third, distinctCount: 2, min: 9n, max: 10n, samples: [9n, 10n] });
  expect(of("price")).toEqual({
    ...third,
    nullFraction: 0,
    distinctCount: 3,
    min: "-1",
    max: "10.5",
    samples: ["10.5", "9.25"],
  });
  expect(of("name")).toEqual({ ...third, nullFraction: 0, distinctCount: 2, min: "a", max: "b", samples: ["b", "a"] });
  expect(of("at")).toEqual({
    ...third,
    distinctCount: 2,
    min: "2024-01-01T00:00:00Z",
    max: "2024-01-01T00:00:00.500000Z",
    samples: ["2024-01-01T00:00:00Z", "2024-01-01T00:00:00.500000Z"],
  });
  expect(of("raw")).toEqual({
    ...third,
    distinctCount: 1,
    min: undefined,
    max: undefined,
    samples: [new Uint8Array([97])],
  });
  expect(of("tags")).toMatchObject({ distinctCount: undefined, samples: [["x"], []] });
  expect(warnings).toEqual([
    { part: "statistics", message: "rows of a view cannot be listed", schema: "shop", table: "seen" },
  ]);
});

test("catalogs are project ids, one by one", async () => {
  await expect(source.introspect({ catalogs: ["a`b"] })).rejects.toMatchObject({
    code: "VALIDATION",
    field: "catalogs[0]",
  });
  await expect(source.introspect({ catalogs: ["elsewhere"] })).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
  expect((await source.introspect({ catalogs: ["test-project"] })).schemas).toHaveLength(2);
});

test("an abort stops every catalog query", async () => {
  server.emulator.script({
    // A part that is left out with a warning when it fails by itself.
    sql: /INFORMATION_SCHEMA\.TABLE_STORAGE/,
    answer: { schema: [{ name: "a", type: "STRING" }], rows: [], durationMs: 30_000 },
    times: 1,
  });
  const caller = new AbortController();
  const running = source.introspect({ schemas: { include: ["shop"] } }, { signal: caller.signal });
  const before = server.emulator.jobs.length;
  const outcome = running.catch((error: unknown) => error);
  await expect
    .poll(() => server.emulator.jobs.slice(before).some((job) => job.state === "RUNNING"), { timeout: 5000 })
    .toBe(true);
  caller.abort();
  expect(await outcome).toMatchObject({ code: "CANCELLED" });
  expect(server.emulator.jobs.filter((job) => job.state === "RUNNING")).toEqual([]);
});

test("check(): who may not list datasets, or not create jobs, is told at the right step", async () => {
  const denied = "Access Denied: User does not have bigquery.jobs.create permission in project p.";
  server.emulator.fault({ on: "datasets.list", kind: "error", reason: "accessDenied" });
  expect(await source.check()).toMatchObject({
    ok: true,
    user: "user@example.com",
    serverVersion: "BigQuery REST API v2",
  });
  server.emulator.fault({ on: "jobs.insert", kind: "error", reason: "accessDenied", message: denied });
  const report = await source.check();
  expect(report.ok).toBe(false);
  expect(report.steps.find((step) => step.name === "login")?.outcome).toBe("ok");
  expect(report.steps.find((step) => step.name === "privileges")).toMatchObject({
    outcome: "failed",
    hint: "The account lacks bigquery.jobs.create: grant roles/bigquery.jobUser.",
  });
  expect(report.steps.at(-1)).toMatchObject({ outcome: "skipped", detail: "privileges failed" });
});
