import * as api from "@opentelemetry/api";
import { afterEach, expect, test } from "vitest";
import { createClassifier } from "./classify.ts";
import { DataSourceError } from "./errors.ts";
import { lexicalRules } from "./lexical-rules.ts";
import { createSummarizer } from "./summary.ts";
import { createInstrument, isPatched, type InstrumentOptions } from "./telemetry.ts";
import { loadOpenTelemetry } from "./telemetry-api.ts";

const canary = "canary-4711";
const options: InstrumentOptions = {
  system: "postgresql",
  namespace: "db",
  serverAddress: "host",
  serverPort: 5432,
  enabled: true,
  captureQueryText: false,
  summarize: createSummarizer(createClassifier(lexicalRules.postgres)),
};
const base = { "db.system.name": "postgresql", "db.namespace": "db", "server.address": "host", "server.port": 5432 };

interface RecordedSpan {
  name: string;
  kind: api.SpanKind | undefined;
  attributes: api.Attributes;
  status: api.SpanStatus | undefined;
  exceptions: api.Exception[];
  ends: number;
}

/** A registered SDK, as small as can be. */
function register(): {
  spans: RecordedSpan[];
  durations: { value: number; attributes: api.Attributes | undefined }[];
  instruments: unknown[];
} {
  const recorded: ReturnType<typeof register> = { spans: [], durations: [], instruments: [] };
  const startSpan = (name: string, { kind, attributes }: api.SpanOptions = {}): api.Span => {
    const span: RecordedSpan = {
      name,
      kind,
      attributes: { ...attributes },
      status: undefined,
      exceptions: [],
      ends: 0,
    };
    recorded.spans.push(span);
    return {
      isRecording: () => true,
      updateName: (updated: string) => (span.name = updated),
      setAttribute: (key: string, value: api.AttributeValue) => (span.attributes[key] = value),
      setAttributes: (more: api.Attributes) => Object.assign(span.attributes, more),
      recordException: (exception: api.Exception) => span.exceptions.push(exception),
      setStatus: (status: api.SpanStatus) => (span.status = status),
      end: () => (span.ends += 1),
    } as unknown as api.Span;
  };
  const record = (value: number, attributes?: api.Attributes): unknown =>
    recorded.durations.push({ value, attributes });
  const createHistogram = (name: string, details: object): unknown => {
    recorded.instruments.push({ name, ...details });
    return { record };
  };
  api.trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan }) } as unknown as api.TracerProvider);
  api.metrics.setGlobalMeterProvider({ getMeter: () => ({ createHistogram }) } as unknown as api.MeterProvider);
  return recorded;
}

afterEach(() => {
  api.trace.disable();
  api.metrics.disable();
});

test("a span and a duration in seconds by the stable conventions", () => {
  const recorded = register();
  const operation = createInstrument(options).start({ name: "query", text: `select '${canary}' from orders` });
  expect(operation.run(() => 5)).toBe(5);
  operation.end({ rows: 3 });
  expect(recorded.spans).toEqual([
    {
      name: "SELECT orders",
      kind: api.SpanKind.CLIENT,
      attributes: { ...base, "db.query.summary": "SELECT orders", "db.response.returned_rows": 3 },
      status: undefined,
      exceptions: [],
      ends: 1,
    },
  ]);
  expect(recorded.durations).toEqual([{ value: expect.any(Number) as number, attributes: base }]);
  expect(recorded.durations[0]?.value).toBeLessThan(1);
  expect(recorded.instruments).toMatchObject([{ name: "db.client.operation.duration", unit: "s" }]);
});

test("the text only when asked for", () => {
  const recorded = register();
  createInstrument({ ...options, captureQueryText: true })
    .start({ name: "query", text: "select $1" })
    .end({});
  expect(recorded.spans[0]?.attributes["db.query.text"]).toBe("select $1");
});

test("an error is recorded by its codes; a message, which may quote a value, is not", () => {
  const recorded = register();
  const error = new DataSourceError({ code: "DATA", message: `invalid input: "${canary}"`, sqlState: "22P02" });
  createInstrument(options).start({ name: "query", text: "select 1" }).end({ error });
  const codes = { "error.type": "DATA", "db.response.status_code": "22P02" };
  expect(recorded.spans[0]).toMatchObject({
    attributes: { ...base, ...codes },
    status: { code: api.SpanStatusCode.ERROR, message: "DATA" },
    exceptions: [{ name: "DATA", message: "DATA" }],
    ends: 1,
  });
  expect(recorded.durations[0]?.attributes).toEqual({ ...base, ...codes });
  expect(JSON.stringify(recorded)).not.toContain(canary);
});

test("an operation ends once; a batch says its size; another span can be inside", () => {
  const recorded = register();
  const instrument = createInstrument(options);
  const operation = instrument.start({ name: "batch", batchSize: 3 });
  const acquire = instrument.span("acquire");
  acquire.end(new TypeError("x"));
  operation.end({});
  operation.end({ error: new Error("late") });
  expect(recorded.spans.map(({ name, ends }) => [name, ends])).toEqual([
    ["batch", 1],
    ["acquire", 1],
  ]);
  expect(recorded.spans[0]?.attributes).toEqual({ ...base, "db.operation.batch.size": 3 });
  expect(recorded.spans[1]?.attributes).toEqual({ "error.type": "TypeError" });
  expect(recorded.durations).toHaveLength(1);
});

test("an SDK registered after the data source was created is used", () => {
  const instrument = createInstrument(options);
  instrument.start({ name: "before" }).end({});
  const recorded = register();
  instrument.start({ name: "after" }).end({});
  expect(recorded.spans.map((span) => span.name)).toEqual(["after"]);
  expect(recorded.durations).toHaveLength(1);
});

test("stands down where the driver is instrumented, and when switched off or without the API", () => {
  const recorded = register();
  let patched = true;
  const instrument = createInstrument({ ...options, standsDown: () => patched });
  instrument.start({ name: "counted by the driver's own" }).end({});
  createInstrument({ ...options, enabled: false })
    .start({ name: "off" })
    .end({});
  createInstrument({ ...options, api: undefined })
    .start({ name: "no API" })
    .end({});
  expect(recorded.spans).toEqual([]);
  expect(recorded.durations).toEqual([]);
  patched = false;
  instrument.start({ name: "ours" }).end({});
  expect(recorded.spans).toHaveLength(1);
});

test("knows a wrapped driver function by its mark", () => {
  expect(isPatched(() => 1)).toBe(false);
  expect(isPatched(Object.assign(() => 1, { __wrapped: true }))).toBe(true);
  expect(isPatched(undefined)).toBe(false);
});

test("finds the API where it is installed", () => {
  expect(loadOpenTelemetry()).toHaveProperty("trace");
});

test("a system that is learned by connecting is on the span and the duration of the operation that learned it", () => {
  const { spans, durations } = register();
  let system = "mysql";
  const operation = createInstrument({ ...options, system: () => system }).start({ name: "query" });
  system = "mariadb";
  operation.end({});
  const expected = { ...base, "db.system.name": "mariadb" };
  expect([spans[0]?.attributes, durations[0]?.attributes]).toEqual([expected, expected]);
});
