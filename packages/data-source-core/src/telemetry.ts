import type * as OpenTelemetry from "@opentelemetry/api";
import type { Attributes, Histogram, Span, Tracer } from "@opentelemetry/api";
import { isDataSourceError } from "./errors.ts";
import { loadOpenTelemetry } from "./telemetry-api.ts";

/** Spans and the duration metric by the stable OpenTelemetry database conventions. */
export interface Instrument {
  /** A CLIENT span and, at its end, one value of `db.client.operation.duration`. */
  start(operation: OperationDetails): Operation;
  /** An internal span, such as for acquiring a connection or refreshing a token; a child of the active one. */
  span(name: string): { end(error?: unknown): void };
}

export interface OperationDetails {
  /** Names the span when there is no text: `transaction`, `introspect`… */
  readonly name: string;
  /** The SQL. Its summary names the span; the text itself goes on the span only if asked for. */
  readonly text?: string;
  readonly batchSize?: number;
}

export interface Operation {
  /** Runs `work` with the span active, so that spans inside become its children. */
  run<T>(work: () => T): T;
  /** Ends span and metric; the first call counts. */
  end(outcome: { readonly rows?: number; readonly error?: unknown }): void;
}

export interface InstrumentOptions {
  /**
   * `db.system.name`: a registered name such as `postgresql`, else one of our own. A function, for who learns it by
   * connecting, is asked at an operation's start and again at its end.
   */
  readonly system: string | (() => string);
  readonly namespace?: string;
  readonly serverAddress?: string;
  readonly serverPort?: number;
  readonly enabled: boolean;
  readonly captureQueryText: boolean;
  /** A low-cardinality summary of the SQL, such as `SELECT orders`. */
  readonly summarize: (text: string) => string;
  /** Asked at each operation: whether the driver is instrumented already, which would count everything twice. */
  readonly standsDown?: () => boolean;
  /** The module `@opentelemetry/api`. Default: the one installed, if any. */
  readonly api?: object | undefined;
}

type OpenTelemetryApi = Pick<typeof OpenTelemetry, "context" | "metrics" | "SpanKind" | "SpanStatusCode" | "trace">;

const scope = "@org/data-source-core";
const idle: Operation = { run: (work) => work(), end: () => undefined };
const idleInstrument: Instrument = { start: () => idle, span: () => ({ end: () => undefined }) };

export function createInstrument(options: InstrumentOptions): Instrument {
  const api = ("api" in options ? options.api : loadOpenTelemetry()) as OpenTelemetryApi | undefined;
  if (!options.enabled || !api) return idleInstrument;
  const { system } = options;
  let base = baseAttributes(options);
  const attributes = (): Attributes => {
    const name = typeof system === "function" ? system() : system;
    if (base["db.system.name"] !== name) base = { ...base, "db.system.name": name };
    return base;
  };
  const providers = createProviders(api);
  return {
    start: (details) => {
      if (options.standsDown?.()) return idle;
      return startOperation(api, options, attributes, providers.tracer(), providers.duration(), details);
    },
    span: (name) => {
      const span = providers.tracer().startSpan(name);
      return {
        end: (error) => {
          if (error !== undefined) recordError(api, span, error);
          span.end();
        },
      };
    },
  };
}

/** Whether an OpenTelemetry instrumentation has wrapped this driver function (as shimmer and its successors mark it). */
export function isPatched(driverFunction: unknown): boolean {
  return typeof driverFunction === "function" && Reflect.get(driverFunction, "__wrapped") === true;
}

function startOperation(
  api: OpenTelemetryApi,
  options: InstrumentOptions,
  attributes: () => Attributes,
  tracer: Tracer,
  duration: Histogram,
  details: OperationDetails,
): Operation {
  const started = performance.now();
  const first = attributes();
  const span = tracer.startSpan(details.name, { kind: api.SpanKind.CLIENT, attributes: first });
  const recording = span.isRecording();
  if (recording) describe(span, options, details);
  let ended = false;
  return {
    run: (work) => (recording ? api.context.with(api.trace.setSpan(api.context.active(), span), work) : work()),
    end: ({ rows, error }) => {
      if (ended) return;
      ended = true;
      const base = attributes();
      if (recording && base !== first) span.setAttributes(base);
      if (recording && rows !== undefined) span.setAttribute("db.response.returned_rows", rows);
      if (recording && error !== undefined) recordError(api, span, error);
      span.end();
      const seconds = (performance.now() - started) / 1000;
      duration.record(seconds, error === undefined ? base : { ...base, ...errorAttributes(error) });
    },
  };
}

function describe(span: Span, { captureQueryText, summarize }: InstrumentOptions, details: OperationDetails): void {
  if (details.batchSize !== undefined && details.batchSize > 1) {
    span.setAttribute("db.operation.batch.size", details.batchSize);
  }
  if (details.text === undefined) return;
  const summary = summarize(details.text);
  if (summary !== "") {
    span.updateName(summary);
    span.setAttribute("db.query.summary", summary);
  }
  if (captureQueryText) span.setAttribute("db.query.text", details.text);
}

/** Codes only: a server's message may quote a value. */
function recordError(api: OpenTelemetryApi, span: Span, error: unknown): void {
  const attributes = errorAttributes(error);
  const type = String(attributes["error.type"]);
  span.setAttributes(attributes);
  span.recordException({ name: type, message: type });
  span.setStatus({ code: api.SpanStatusCode.ERROR, message: type });
}

function errorAttributes(error: unknown): Attributes {
  if (!isDataSourceError(error)) return { "error.type": error instanceof Error ? error.name : "_OTHER" };
  const status = error.sqlState ?? error.nativeCode;
  return { "error.type": error.code, ...(status === undefined ? {} : { "db.response.status_code": status }) };
}

function baseAttributes(options: InstrumentOptions): Attributes {
  const attributes: Attributes = {};
  if (options.namespace !== undefined) attributes["db.namespace"] = options.namespace;
  if (options.serverAddress !== undefined) attributes["server.address"] = options.serverAddress;
  if (options.serverPort !== undefined) attributes["server.port"] = options.serverPort;
  return attributes;
}

/** Tracer and histogram of the provider registered now: one made before an SDK's registration would stay silent. */
function createProviders(api: OpenTelemetryApi): { tracer(): Tracer; duration(): Histogram } {
  let tracerProvider: unknown;
  let tracer: Tracer | undefined;
  let meterProvider: unknown;
  let duration: Histogram | undefined;
  return {
    tracer: () => {
      const current = api.trace.getTracerProvider();
      if (tracer && tracerProvider === current) return tracer;
      tracerProvider = current;
      return (tracer = current.getTracer(scope));
    },
    duration: () => {
      const current = api.metrics.getMeterProvider();
      if (duration && meterProvider === current) return duration;
      meterProvider = current;
      return (duration = current.getMeter(scope).createHistogram("db.client.operation.duration", {
        description: "Duration of database client operations.",
        unit: "s",
        advice: { explicitBucketBoundaries: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10] },
      }));
    },
  };
}
