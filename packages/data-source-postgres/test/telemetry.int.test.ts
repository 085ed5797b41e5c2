import type { LakebaseEmulator } from "@org/lakebase-emulator";
import { context, metrics, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { Client } from "pg";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createLakebasePool, createPostgresDataSource } from "../src/index.ts";
import { startServer } from "./server.ts";

const canary = "canary-9137";
const spans = new InMemorySpanExporter();
const figures = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({ exporter: figures, exportIntervalMillis: 3_600_000 });
const meterProvider = new MeterProvider({ readers: [reader] });

let emulator: LakebaseEmulator;
beforeAll(async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }));
  metrics.setGlobalMeterProvider(meterProvider);
  emulator = await startServer();
});
afterAll(async () => {
  await emulator.close();
  await meterProvider.shutdown();
});
beforeEach(() => {
  spans.reset();
  emulator.faults.clear();
});

const auth = (): object => ({ env: emulator.env, ssl: { ca: emulator.ca }, share: false });
const named = (name: string): ReadableSpan[] => spans.getFinishedSpans().filter((span) => span.name === name);
const isError = (span: ReadableSpan): boolean => SpanStatusCode[span.status.code] === "ERROR";
const isClient = (span: ReadableSpan): boolean => SpanKind[span.kind] === "CLIENT";
const parentOf = (span: ReadableSpan): string | undefined => span.parentSpanContext?.spanId;

async function metricsByName(): Promise<Map<string, { attributes: object; value: unknown }[]>> {
  figures.reset();
  await reader.forceFlush();
  const all = figures.getMetrics().flatMap((resource) => resource.scopeMetrics.flatMap((scope) => scope.metrics));
  return new Map(all.map((metric) => [metric.descriptor.name, metric.dataPoints]));
}

test("token refresh, acquire and query each have a span, the latter two in one trace", async () => {
  await using source = createPostgresDataSource({ auth: auth() });
  await source.query(`select '${canary}' as a from pg_class limit 3`);
  const [query] = named("SELECT pg_class");
  const [acquire] = named("acquire connection");
  expect(query?.kind).toBe(SpanKind.CLIENT);
  expect(query?.attributes).toEqual({
    "db.system.name": "postgresql",
    "db.namespace": emulator.database,
    "server.address": "localhost",
    "server.port": emulator.port,
    "db.query.summary": "SELECT pg_class",
    "db.response.returned_rows": 3,
  });
  expect(parentOf(acquire as ReadableSpan)).toBe(query?.spanContext().spanId);
  expect(named("refresh credential")).toHaveLength(1);
});

test("every outcome ends its span once, with an exception that shows no SQL and no value", async () => {
  await using source = createPostgresDataSource({ auth: auth() });
  const caller = new AbortController();
  setTimeout(() => caller.abort(), 50);
  await Promise.allSettled([
    source.query(`select * from no_such_table where a = '${canary}'`),
    source.query("select pg_sleep(10)", { statementTimeoutMs: 50 }),
    source.query("select pg_sleep(10)", { signal: caller.signal }),
    source.transaction(async (tx) => tx.query("select 1/0")),
  ]);
  const failed = spans.getFinishedSpans().filter((span) => isError(span));
  const types = new Set(failed.map((span) => span.attributes["error.type"]));
  expect(types).toEqual(new Set(["CANCELLED", "DATA", "NOT_FOUND", "STATEMENT_TIMEOUT"]));
  // The failed statement's and its transaction's.
  expect(failed).toHaveLength(5);
  for (const span of failed) expect(span.events).toHaveLength(1);
  expect(named("SELECT no_such_table")[0]?.attributes["db.response.status_code"]).toBe("42P01");
  const shown = JSON.stringify(
    spans.getFinishedSpans().map(({ name, attributes, events }) => [name, attributes, events]),
  );
  expect(shown).not.toContain(canary);
});

test("a failed login ends the acquire span with its error; a failed mint that of the refresh", async () => {
  emulator.faults.api("mintAutoscaling", { status: 403 });
  await using source = createPostgresDataSource({ auth: auth() });
  await expect(source.query("select 1")).rejects.toMatchObject({ code: "AUTHENTICATION" });
  expect(named("acquire connection").map(isError)).toEqual([true]);
  // The one that begins with the provider, and the login's own.
  expect(new Set(named("refresh credential").map(isError))).toEqual(new Set([true]));
});

test("a stream's span ends with the stream and counts its rows", async () => {
  await using source = createPostgresDataSource({ auth: auth() });
  const ended: number[] = [];
  for await (const rows of source.stream("select generate_series(1, 2500)")) {
    ended.push(rows.length, named("SELECT").length);
  }
  // Batches, and the spans that had ended by then: with the last batch there is nothing left to do.
  expect(ended).toEqual([1000, 0, 1000, 0, 500, 1]);
  expect(named("SELECT")[0]?.attributes["db.response.returned_rows"]).toBe(2500);
});

test("pool.query of a Lakebase pool: callback and promise forms, right row counts, errors too", async () => {
  const pool = createLakebasePool(auth());
  await pool.query("select generate_series(1, 7)");
  await new Promise<void>((resolve) => {
    pool.query("select generate_series(1, $1::int)", [5], () => resolve());
  });
  await pool.query("select 1; select 2 union all select 3");
  await expect(pool.query(`select '${canary}'::int`)).rejects.toMatchObject({ code: "22P02" });
  await new Promise<void>((resolve) => {
    pool.query("select * from no_such_table", (error: Error) => {
      expect(error).toMatchObject({ code: "42P01" });
      resolve();
    });
  });
  const queries = spans.getFinishedSpans().filter((span) => isClient(span));
  expect(queries.map((span) => span.attributes["db.response.returned_rows"])).toEqual([7, 5, 3, undefined, undefined]);
  expect(queries.map((span) => span.attributes["db.response.status_code"])).toEqual([
    undefined,
    undefined,
    undefined,
    "22P02",
    "42P01",
  ]);
  expect(JSON.stringify(queries.map(({ attributes, events }) => [attributes, events]))).not.toContain(canary);
  await pool.end();
});

test("durations and the pool's metrics, in seconds, without anything of the SQL", async () => {
  await using source = createPostgresDataSource({ auth: auth(), pool: { max: 1, acquireTimeoutMs: 50 } });
  await source.query(`select '${canary}'`);
  const slow = source.query("select pg_sleep(0.3)");
  await expect(source.query("select 1")).rejects.toMatchObject({ code: "ACQUIRE_TIMEOUT" });
  await slow;
  const all = await metricsByName();
  for (const name of ["create_time", "wait_time", "use_time"]) {
    const [point] = all.get(`db.client.connection.${name}`)?.slice(-1) ?? [];
    const value = point?.value as { sum: number; count: number } | undefined;
    expect(value?.count, name).toBeGreaterThan(0);
    expect(value?.sum, name).toBeLessThan(30);
  }
  const pool = `${emulator.user}@localhost:${emulator.port}/${emulator.database}`;
  expect(all.get("db.client.connection.count")?.map((point) => [point.attributes, point.value])).toEqual([
    [{ "db.client.connection.pool.name": pool, "db.client.connection.state": "idle" }, 1],
    [{ "db.client.connection.pool.name": pool, "db.client.connection.state": "used" }, 0],
  ]);
  expect(all.get("db.client.connection.max")?.map((point) => point.value)).toEqual([1]);
  expect(all.get("db.client.connection.timeouts")?.map((point) => point.value)).toEqual([1]);
  expect(all.get("db.client.operation.duration")?.length).toBeGreaterThan(0);
  const shown = JSON.stringify([...all.values()].map((points) => points.map((point) => point.attributes)));
  for (const hidden of [canary, "select", "SELECT"]) expect(shown).not.toContain(hidden);
});

test("it stands down where the driver is instrumented, and when it is told to", async () => {
  const { query } = Client.prototype;
  const patched = Object.assign(
    function patched(this: Client, ...args: never[]) {
      return Reflect.apply(query, this, args) as unknown;
    },
    { __wrapped: true },
  );
  Client.prototype.query = patched as typeof query;
  try {
    await using source = createPostgresDataSource({ auth: auth() });
    await source.query("select 1");
    expect(spans.getFinishedSpans().map((span) => span.name)).toEqual([
      "refresh workspace-token",
      "refresh credential",
    ]);
  } finally {
    Client.prototype.query = query;
  }
  spans.reset();
  await using silent = createPostgresDataSource({ auth: auth(), telemetry: { enabled: false } });
  await silent.query("select 1");
  expect(spans.getFinishedSpans()).toEqual([]);
});
