import { metrics, type ObservableCallback } from "@opentelemetry/api";
import { Pool } from "pg";
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

const pool = new Pool({ max: 3 });

test("the callbacks of a closed pool are gone", () => {
  const { callbacks } = register();
  const created = createPoolMetrics(pool, "a");
  expect([...callbacks.values()].map((own) => own.size)).toEqual([1, 1, 1]);
  created.close();
  expect([...callbacks.values()].map((own) => own.size)).toEqual([0, 0, 0]);
});

test("an SDK that is registered after the pool gets its figures, once", () => {
  metrics.disable();
  const created = createPoolMetrics(pool, "a");
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
