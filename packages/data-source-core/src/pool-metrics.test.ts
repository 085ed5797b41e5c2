import { metrics, type ObservableCallback } from "@opentelemetry/api";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createPoolMetrics } from "./pool-metrics.ts";

/** A meter provider that knows its instruments and their callbacks. */
function register(): { histograms: Map<string, number[]>; callbacks: Map<string, Set<ObservableCallback>> } {
  const histograms = new Map<string, number[]>();
  const callbacks = new Map<string, Set<ObservableCallback>>();
  const meter = {
    createHistogram: (name: string) => {
      histograms.set(name, []);
      return { record: (value: number) => histograms.get(name)?.push(value) };
    },
    createCounter: () => ({ add: () => undefined }),
    createObservableUpDownCounter: (name: string) => {
      const own = new Set<ObservableCallback>();
      callbacks.set(name, own);
      return {
        addCallback: (callback: ObservableCallback) => own.add(callback),
        removeCallback: (callback: ObservableCallback) => own.delete(callback),
      };
    },
  };
  metrics.disable();
  metrics.setGlobalMeterProvider({ getMeter: () => meter } as never);
  return { histograms, callbacks };
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.advanceTimersByTime(1000);
});
afterEach(() => {
  vi.useRealTimers();
  metrics.disable();
});

const options = { enabled: true, name: "a", state: () => ({ max: 3, idle: 1, used: 1, waiting: 0 }) };

test("the callbacks of a closed pool are gone", () => {
  const { callbacks } = register();
  const created = createPoolMetrics(options);
  expect([...callbacks.values()].map((own) => own.size)).toEqual([1, 1, 1]);
  created.close();
  expect([...callbacks.values()].map((own) => own.size)).toEqual([0, 0, 0]);
});

test("an SDK that is registered after the pool gets its figures, once", () => {
  metrics.disable();
  const created = createPoolMetrics(options);
  expect(created.now()).toBe(0);
  const first = register();
  expect(created.now()).toBe(1000);
  vi.advanceTimersByTime(500);
  created.waited(1000);
  expect(first.histograms.get("db.client.connection.wait_time")).toEqual([0.5]);
  const second = register();
  created.waited(1250);
  expect(second.histograms.get("db.client.connection.wait_time")).toEqual([0.25]);
  expect([...first.callbacks.values()].map((own) => own.size)).toEqual([0, 0, 0]);
  created.close();
});

test("one that is not enabled measures nothing", () => {
  const { callbacks, histograms } = register();
  const created = createPoolMetrics({ ...options, enabled: false });
  expect(created.now()).toBe(0);
  created.used(0);
  expect([callbacks.size, histograms.size]).toEqual([0, 0]);
});
