import type * as OpenTelemetry from "@opentelemetry/api";
import type { Attributes, Histogram, Meter, MeterProvider, ObservableResult } from "@opentelemetry/api";
import { loadOpenTelemetry } from "./telemetry-api.ts";

/** The pool's metrics by the OpenTelemetry conventions for `db.client.connection.*`, in seconds. */
export interface PoolMetrics {
  /** A time to measure from, by performance.now(); asking for it costs nothing while nobody measures. */
  now(): number;
  created(since: number): void;
  waited(since: number): void;
  used(since: number): void;
  timedOut(): void;
  close(): void;
}

export interface PoolMetricsOptions {
  readonly enabled: boolean;
  /** `user@host:port/database` */
  readonly name: string;
  /** Asked when somebody collects. */
  readonly state: () => PoolState;
}

export interface PoolState {
  readonly max: number;
  readonly idle: number;
  readonly used: number;
  /** Callers without a connection. */
  readonly waiting: number;
}

const scope = "@org/data-source-core";
const silentMetrics: PoolMetrics = {
  now: () => 0,
  created: () => undefined,
  waited: () => undefined,
  used: () => undefined,
  timedOut: () => undefined,
  close: () => undefined,
};

export function createPoolMetrics({ enabled, name, state }: PoolMetricsOptions): PoolMetrics {
  const api = (enabled ? loadOpenTelemetry() : undefined) as typeof OpenTelemetry | undefined;
  if (!api) return silentMetrics;
  const attributes: Attributes = { "db.client.connection.pool.name": name };
  const noMeter = api.createNoopMeter();
  let provider: MeterProvider | undefined;
  let meters: Meters | undefined;
  /** Those of the provider that is registered now, if any: an SDK may come after the pool. */
  const current = (): Meters | undefined => {
    const registered = api.metrics.getMeterProvider();
    if (provider === registered) return meters;
    meters?.close();
    provider = registered;
    const meter = registered.getMeter(scope);
    return (meters = meter === noMeter ? undefined : createMeters(meter, state, attributes));
  };
  current();
  return {
    now: () => (current() ? performance.now() : 0),
    created: (since) => current()?.createTime.record(secondsSince(since), attributes),
    waited: (since) => current()?.waitTime.record(secondsSince(since), attributes),
    used: (since) => current()?.useTime.record(secondsSince(since), attributes),
    timedOut: () => current()?.timeouts.add(1, attributes),
    close: () => meters?.close(),
  };
}

function secondsSince(since: number): number {
  return (performance.now() - since) / 1000;
}

interface Meters {
  readonly createTime: Histogram;
  readonly waitTime: Histogram;
  readonly useTime: Histogram;
  readonly timeouts: ReturnType<Meter["createCounter"]>;
  close(): void;
}

function createMeters(meter: Meter, state: () => PoolState, attributes: Attributes): Meters {
  const histogram = (name: string, description: string): Histogram =>
    meter.createHistogram(`db.client.connection.${name}`, { description, unit: "s" });
  const count = meter.createObservableUpDownCounter("db.client.connection.count", {
    description: "Connections by state.",
    unit: "{connection}",
  });
  const pending = meter.createObservableUpDownCounter("db.client.connection.pending_requests", {
    description: "Callers that wait for a connection.",
    unit: "{request}",
  });
  const max = meter.createObservableUpDownCounter("db.client.connection.max", {
    description: "Open connections allowed.",
    unit: "{connection}",
  });
  const onCount = (result: ObservableResult): void => {
    const { idle, used } = state();
    result.observe(idle, { ...attributes, "db.client.connection.state": "idle" });
    result.observe(used, { ...attributes, "db.client.connection.state": "used" });
  };
  const onPending = (result: ObservableResult): void => result.observe(state().waiting, attributes);
  const onMax = (result: ObservableResult): void => result.observe(state().max, attributes);
  count.addCallback(onCount);
  pending.addCallback(onPending);
  max.addCallback(onMax);
  return {
    createTime: histogram("create_time", "Time to open a connection."),
    waitTime: histogram("wait_time", "Time to obtain a connection from the pool."),
    useTime: histogram("use_time", "Time between obtaining a connection and returning it."),
    timeouts: meter.createCounter("db.client.connection.timeouts", {
      description: "Callers that waited in vain.",
      unit: "{timeout}",
    }),
    close: () => {
      count.removeCallback(onCount);
      pending.removeCallback(onPending);
      max.removeCallback(onMax);
    },
  };
}
