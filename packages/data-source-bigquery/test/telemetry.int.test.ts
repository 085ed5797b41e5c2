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
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { startServer, token, type TestServer } from "./server.ts";

const canary = "canary-5521";
const spans = new InMemorySpanExporter();
const figures = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({ exporter: figures, exportIntervalMillis: 3_600_000 });
const meterProvider = new MeterProvider({ readers: [reader] });
const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });

let server: TestServer;
beforeAll(async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(tracerProvider);
  metrics.setGlobalMeterProvider(meterProvider);
  server = await startServer();
  await server.emulator.defineTable({ dataset: "d", table: "t", schema: [{ name: "a", type: "INTEGER" }] });
  await server.emulator.execute("insert into d.t values (1), (2), (3)");
});
afterAll(async () => {
  await server.emulator.close();
  await meterProvider.shutdown();
});
beforeEach(() => spans.reset());

const all = (): ReadableSpan[] => spans.getFinishedSpans();
const named = (name: string): ReadableSpan[] => all().filter((span) => span.name === name);
const isClient = (span: ReadableSpan): boolean => SpanKind[span.kind] === "CLIENT";
const isError = (span: ReadableSpan): boolean => SpanStatusCode[span.status.code] === "ERROR";
const idOf = (span: ReadableSpan | undefined): string | undefined => span?.spanContext().spanId;
const parentOf = (span: ReadableSpan | undefined): string | undefined => span?.parentSpanContext?.spanId;
const base = (): object => ({
  "db.system.name": "gcp.bigquery",
  "db.namespace": "test-project",
  "server.address": "127.0.0.1",
  "server.port": Number(new URL(server.emulator.url).port),
});
const slow = (text: string): void =>
  server.emulator.script({ sql: text, answer: { schema: [{ name: "a", type: "INTEGER" }], durationMs: 30_000 } });

test("query, its dry run and the token it needs are one trace, below the caller's span", async () => {
  await using source = server.create();
  const caller = tracerProvider.getTracer("test").startSpan("caller");
  await context.with(trace.setSpan(context.active(), caller), () =>
    source.query(`select a from d.t where '${canary}' <> 'x'`),
  );
  caller.end();
  const [query] = named("SELECT d.t");
  expect(query?.kind).toBe(SpanKind.CLIENT);
  expect(query?.attributes).toEqual({
    ...base(),
    "db.query.summary": "SELECT d.t",
    "db.response.returned_rows": 3,
  });
  expect(parentOf(query)).toBe(caller.spanContext().spanId);
  const [dryRun] = named("dry run");
  expect([dryRun?.kind, parentOf(dryRun)]).toEqual([SpanKind.INTERNAL, idOf(query)]);
  // A token without an end is asked for at each of the two requests.
  expect(named("refresh credential").map(parentOf)).toEqual([idOf(query), idOf(query)]);
  await source.query(`select a from d.t where '${canary}' <> 'x'`);
  expect(named("dry run")).toHaveLength(1);
});

test("every call has a span of its own, and its text only when that is asked for", async () => {
  await using source = server.create({ access: "read-write", telemetry: { captureQueryText: true } });
  await source.batch(["select a from d.t", "select 1 as a"]);
  await source.estimate("select a from d.t");
  await source.introspect({ schemas: { include: ["d"] } });
  await source.check();
  await source.query("insert into d.t (a) select 9 from d.t where false", { readOnly: false });
  await expect(source.transaction(async () => undefined)).rejects.toMatchObject({ code: "UNSUPPORTED" });
  const client = all().filter(isClient);
  expect(client.map((span) => [span.name, span.attributes["db.query.text"], isError(span)])).toEqual([
    ["batch", undefined, false],
    ["SELECT d.t", "select a from d.t", false],
    ["introspect", undefined, false],
    ["check", undefined, false],
    ["INSERT d.t SELECT d.t", "insert into d.t (a) select 9 from d.t where false", false],
    ["transaction", undefined, true],
  ]);
  expect(client[0]?.attributes["db.operation.batch.size"]).toBe(2);
});

test("every outcome ends its span once, with an exception that shows no SQL, no value and no token", async () => {
  await using source = server.create({ maximumBytesBilled: 11 });
  slow("select 1 as slow");
  const caller = new AbortController();
  const outcomes: [string, Promise<unknown>][] = [
    ["NOT_FOUND notFound", source.query(`select * from d.no_such_table where a = '${canary}'`)],
    ["SYNTAX invalidQuery", source.query(`selec '${canary}'`)],
    ["READ_ONLY DELETE", source.query(`delete from d.t where '${canary}' = 'x'`)],
    ["DATA invalidQuery", source.query(`select error('${canary}') as a`)],
    ["STATEMENT_TIMEOUT ", source.query("select 1 as slow", { statementTimeoutMs: 300 })],
    ["CANCELLED ", source.query("select 1 as slow", { signal: caller.signal })],
  ];
  const settled = Promise.allSettled(outcomes.map(([, work]) => work));
  await expect.poll(() => server.emulator.jobs.filter((job) => job.state === "RUNNING").length).toBeGreaterThan(0);
  caller.abort();
  await settled;
  const told = (span: ReadableSpan): string =>
    [span.attributes["error.type"], span.attributes["db.response.status_code"]].join(" ");
  const client = all().filter(isClient);
  expect(client.map(told).toSorted()).toEqual(outcomes.map(([codes]) => codes).toSorted());
  // A failed dry run ends with its error too; what only the data shows, it does not see.
  expect(named("dry run").filter(isError).map(told).toSorted()).toEqual(["NOT_FOUND notFound", "SYNTAX invalidQuery"]);
  for (const span of all().filter(isError)) {
    const type = span.attributes["error.type"];
    expect(span.events.map((event) => [event.name, event.attributes])).toEqual([
      ["exception", { "exception.type": type, "exception.message": type }],
    ]);
  }
  const shown = JSON.stringify(all().map(({ name, attributes, events }) => [name, attributes, events]));
  for (const hidden of [canary, token]) expect(shown).not.toContain(hidden);
});

test("a token that cannot be had ends its span with the error, whose message is the provider's own", async () => {
  const accessToken = (): Promise<string> => Promise.reject(new Error(canary));
  await using source = server.create({ credentials: { accessToken } });
  await expect(source.query("select 1 as a")).rejects.toMatchObject({ code: "AUTHENTICATION" });
  expect(named("refresh credential").map((span) => span.attributes)).toEqual([{ "error.type": "AUTHENTICATION" }]);
  expect(JSON.stringify(all().map(({ attributes, events }) => [attributes, events]))).not.toContain(canary);
});

test("an impersonated token is a refresh of its own, kept for the requests that follow", async () => {
  const impersonate = { serviceAccount: "target@x.iam.gserviceaccount.com", endpoint: server.emulator.url };
  await using source = server.create({ impersonate });
  await source.query("select 1 as a");
  await source.query("select 2 as a");
  // The target's token, and within that the account's own.
  expect(named("refresh credential")).toHaveLength(2);
});

test("a stream's span ends with the stream and counts the rows that were handed out", async () => {
  await using source = server.create();
  const text = "select n from unnest(generate_array(1, 2500)) as n";
  const ended: number[] = [];
  for await (const rows of source.stream(text)) ended.push(rows.length, named("SELECT").length);
  expect(ended).toEqual([1000, 0, 1000, 0, 500, 1]);
  for await (const rows of source.stream(text, { batchRows: 10 })) {
    expect(rows).toHaveLength(10);
    break;
  }
  expect(named("SELECT").map((span) => span.attributes["db.response.returned_rows"])).toEqual([2500, 10]);
  slow("select 1 as slow_stream");
  const stream = source.stream("select 1 as slow_stream", { statementTimeoutMs: 300 });
  await expect(stream.columns()).rejects.toMatchObject({ code: "STATEMENT_TIMEOUT" });
  expect(named("SELECT").map(isError)).toEqual([false, false, true]);
});

test("durations in seconds, with nothing of the SQL", async () => {
  await using source = server.create();
  await source.query(`select '${canary}' as a`);
  await expect(source.query(`selec '${canary}'`)).rejects.toMatchObject({ code: "SYNTAX" });
  figures.reset();
  await reader.forceFlush();
  const found = figures.getMetrics().flatMap((resource) => resource.scopeMetrics.flatMap((scope) => scope.metrics));
  expect(found.map((metric) => [metric.descriptor.name, metric.descriptor.unit])).toEqual([
    ["db.client.operation.duration", "s"],
  ]);
  const points = found.flatMap((metric) => metric.dataPoints.map((point) => point.attributes));
  expect(points).toContainEqual(base());
  expect(points).toContainEqual({
    ...base(),
    "error.type": "SYNTAX",
    "db.response.status_code": "invalidQuery",
  });
  const names = new Set(points.flatMap((attributes) => Object.keys(attributes)));
  expect([...names].filter((name) => name.startsWith("db.query"))).toEqual([]);
  expect(JSON.stringify(points)).not.toMatch(new RegExp(`${canary}|select`, "i"));
});

test("telemetry can be switched off", async () => {
  await using silent = server.create({ telemetry: { enabled: false } });
  await silent.query("select 1 as a");
  expect(all()).toEqual([]);
});
