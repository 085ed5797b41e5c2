import { type Attributes, context, metrics, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
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
import { afterAll, beforeEach, expect, test } from "vitest";
import { createContext, failure, until, write } from "./context.ts";

const canary = "canary-9137";
const spans = new InMemorySpanExporter();
const figures = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({ exporter: figures, exportIntervalMillis: 3_600_000 });
const meterProvider = new MeterProvider({ readers: [reader] });
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }));
metrics.setGlobalMeterProvider(meterProvider);

const { observer, series, server, source, writable } = await createContext();
const { host, port, user, database } = server.options;
await observer.query(`create view few as select seq from ${series(3)}`);
await observer.query(`create view many as select seq from ${series(2500)}`);
const system = server.isMariaDb ? "mariadb" : "mysql";
afterAll(() => meterProvider.shutdown());
beforeEach(() => spans.reset());

const named = (name: string): ReadableSpan[] => spans.getFinishedSpans().filter((span) => span.name === name);
const isError = (span: ReadableSpan): boolean => SpanStatusCode[span.status.code] === "ERROR";
const parentOf = (span: ReadableSpan | undefined): string | undefined => span?.parentSpanContext?.spanId;

async function metricsByName(): Promise<Map<string, { attributes: Attributes; value: unknown }[]>> {
  figures.reset();
  await reader.forceFlush();
  const all = figures.getMetrics().flatMap((resource) => resource.scopeMetrics.flatMap((scope) => scope.metrics));
  return new Map(all.map((metric) => [metric.descriptor.name, metric.dataPoints]));
}

test("acquire and query each have a span, in one trace, the product's name on the first one, too", async () => {
  await source().query(`select '${canary}' as a from few`);
  const [query] = spans.getFinishedSpans().filter((span) => SpanKind[span.kind] === "CLIENT");
  const [acquire] = named("acquire connection");
  expect(query?.name).toBe("SELECT few");
  expect(query?.attributes).toEqual({
    "db.system.name": system,
    "db.namespace": database,
    "server.address": host,
    "server.port": port,
    "db.query.summary": "SELECT few",
    "db.response.returned_rows": 3,
  });
  expect(parentOf(acquire)).toBe(query?.spanContext().spanId);
  expect(spans.getFinishedSpans()).toHaveLength(2);
});

test("every outcome ends its span once, with an exception that shows no SQL and no value", async () => {
  const reading = source();
  const caller = new AbortController();
  const cancelled = failure(reading.query("select sleep(20) as cancelled_9", { signal: caller.signal }));
  await until(async () => (await observer.activeStatements("cancelled_9")) === 1);
  caller.abort();
  await cancelled;
  await observer.query("create table broken_span (id int primary key) engine = InnoDB");
  await failure(reading.query(`select * from no_such_table where a = '${canary}'`));
  await failure(reading.query("select sleep(20)", { statementTimeoutMs: 50 }));
  await failure(
    writable().transaction((tx) => tx.query(`insert into broken_span values (1), (1) /* ${canary} */`), write),
  );
  await failure(reading.query(`delete from broken_span where '${canary}' = ''`));
  const failed = spans.getFinishedSpans().filter((span) => isError(span));
  expect(failed.map((span) => span.attributes["error.type"])).toEqual([
    "CANCELLED",
    "NOT_FOUND",
    "STATEMENT_TIMEOUT",
    // The statement's and its transaction's.
    "CONSTRAINT",
    "CONSTRAINT",
  ]);
  for (const span of failed) expect(span.events.map(({ name }) => name)).toEqual(["exception"]);
  for (const span of failed) expect(span.attributes["db.system.name"]).toBe(system);
  expect(named("SELECT no_such_table")[0]?.attributes["db.response.status_code"]).toBe("42S02");
  const shown = JSON.stringify(
    spans.getFinishedSpans().map(({ name, attributes, events }) => [name, attributes, events]),
  );
  expect(shown).not.toContain(canary);
});

test("a failed login ends the acquire span and the query's with its error", async () => {
  expect(await failure(source({ password: `wrong-${canary}` }).query("select 1"))).toMatchObject({
    code: "AUTHENTICATION",
  });
  expect(spans.getFinishedSpans().map((span) => [span.name, isError(span)])).toEqual([
    ["acquire connection", true],
    ["SELECT", true],
  ]);
  expect(JSON.stringify(spans.getFinishedSpans().map(({ events }) => events))).not.toContain(canary);
});

test("a stream's span ends with the stream and counts its rows", async () => {
  const ended: number[] = [];
  const [text, summary] = ["select seq from many", "SELECT many"] as const;
  for await (const rows of source().stream(text, { batchRows: 1000 })) ended.push(rows.length, named(summary).length);
  expect(ended).toEqual([1000, 0, 1000, 0, 500, 1]);
  expect(named(summary)[0]?.attributes["db.response.returned_rows"]).toBe(2500);
  for await (const rows of source().stream(text, { batchRows: 10 })) if (rows.length > 0) break;
  expect(named(summary)[1]?.attributes["db.response.returned_rows"]).toBe(10);
});

test("durations and the pool's metrics, in seconds, without anything of the SQL", async () => {
  const reading = source({ pool: { max: 1, acquireTimeoutMs: 50 } });
  await reading.query(`select '${canary}'`);
  const slow = reading.query("select sleep(0.3)");
  expect(await failure(reading.query("select 1"))).toMatchObject({ code: "ACQUIRE_TIMEOUT" });
  const during = await metricsByName();
  const pool = `${user}@${host}:${port}/${database}`;
  const states = (all: typeof during): unknown =>
    all
      .get("db.client.connection.count")
      ?.filter(({ attributes }) => Object.values(attributes).includes(pool))
      .map(({ attributes, value }) => [Object.values(attributes)[1], value]);
  expect(states(during)).toEqual([
    ["idle", 0],
    ["used", 1],
  ]);
  await slow;
  const all = await metricsByName();
  expect(states(all)).toEqual([
    ["idle", 1],
    ["used", 0],
  ]);
  const histogram = (name: string): { sum: number; count: number } =>
    all.get(`db.client.connection.${name}`)?.at(-1)?.value as { sum: number; count: number };
  for (const name of ["create_time", "wait_time", "use_time"]) {
    expect(histogram(name).count, name).toBeGreaterThan(0);
    expect(histogram(name).sum, name).toBeLessThan(300);
  }
  expect(histogram("use_time").sum).toBeGreaterThan(0.3);
  expect(all.get("db.client.connection.max")?.map(({ value }) => value)).toEqual([1]);
  expect(all.get("db.client.connection.pending_requests")?.map(({ value }) => value)).toEqual([0]);
  expect(all.get("db.client.connection.timeouts")?.map(({ value }) => value)).toEqual([1]);
  const durations = all.get("db.client.operation.duration") ?? [];
  expect(durations.length).toBeGreaterThan(0);
  // Who could not log in does not know the product.
  const known = durations.filter(({ attributes }) => attributes["error.type"] !== "AUTHENTICATION");
  expect(durations.length - known.length).toBe(1);
  expect(new Set(known.map(({ attributes }) => attributes["db.system.name"]))).toEqual(new Set([system]));
  const shown = JSON.stringify([...all.values()].map((points) => points.map((point) => point.attributes)));
  for (const hidden of [canary, "select", "SELECT"]) expect(shown).not.toContain(hidden);
});

test("it is silent when it is told to be", async () => {
  await source({ telemetry: { enabled: false } }).query("select 1");
  expect(spans.getFinishedSpans()).toEqual([]);
});
