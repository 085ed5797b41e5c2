import { metrics, type ObservableCallback } from "@opentelemetry/api";
import { Pool } from "pg";
import { afterEach, expect, test } from "vitest";
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

afterEach(() => metrics.disable());

const pool = new Pool({ max: 3 });

test("the callbacks of a closed pool are gone", () => {
  const { callbacks } = register();
  const created = createPoolMetrics(pool, "a");
  expect([...callbacks.values()].map((own) => own.size)).toEqual([1, 1, 1]);
  created.close();
  expect([...callbacks.values()].map((own) => own.size)).toEqual([0, 0, 0]);
});

test("an SDK that is registered after the pool gets its figures, once", () => {
  const created = createPoolMetrics(pool, "a");
  const first = register();
  created.waited(0.5);
  expect(first.histograms.get("db.client.connection.wait_time")).toEqual([0.5]);
  const second = register();
  created.waited(0.25);
  expect(second.histograms.get("db.client.connection.wait_time")).toEqual([0.25]);
  expect([...first.callbacks.values()].map((own) => own.size)).toEqual([0, 0, 0]);
  created.close();
});
