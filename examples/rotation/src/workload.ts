import { sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres";
import { createHistogram } from "node:perf_hooks";
import type { Pool, PoolClient } from "pg";

export interface Totals {
  queries: number;
  failures: number;
  /** Failed because their connection was cut while they ran. */
  cut: number;
  logins: number;
}

export interface Workload {
  readonly totals: Totals;
  readonly messages: ReadonlySet<string>;
  latencyMs(percentile: number): number;
  /**
   * Queries that are running now may fail with their connection, and so may those that are sent on such a connection
   * before its end has arrived here; all others must not.
   */
  expectCut(): void;
  stop(): Promise<void>;
}

const PAUSE_MS = 25;

/** Workers that query without end, half of them through pg and half through drizzle. */
export function startWorkload(pool: Pool, workers: number): Workload {
  const db = drizzle(pool);
  const totals: Totals = { queries: 0, failures: 0, cut: 0, logins: 0 };
  const messages = new Set<string>();
  const histogram = createHistogram();
  const stopping = new AbortController();
  let cutAtMs = Number.NEGATIVE_INFINITY;
  const open = new Set<PoolClient>();
  const cut = new Set<PoolClient>();
  pool.on("connect", (client) => {
    totals.logins += 1;
    open.add(client);
  });
  pool.on("remove", (client) => {
    open.delete(client);
    cut.delete(client);
  });
  // An idle connection that is cut has nobody to tell; without a listener it would end the process.
  pool.on("error", () => {});

  const work = async (worker: number): Promise<void> => {
    while (!stopping.signal.aborted) {
      const startedMs = performance.now();
      const isCutOpen = cut.size > 0;
      try {
        if (worker % 2 === 0) await pool.query("select $1::int as worker, now()", [worker]);
        else await db.execute(sql`select ${worker}::int as worker, now()`);
        histogram.record(Math.max(1, Math.round((performance.now() - startedMs) * 1000)));
        totals.queries += 1;
      } catch (error) {
        if ((startedMs <= cutAtMs || isCutOpen) && isLostConnection(error)) totals.cut += 1;
        else {
          totals.failures += 1;
          messages.add(error instanceof Error ? error.message : String(error));
        }
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  };
  const running = Promise.all(Array.from({ length: workers }, (_, worker) => work(worker)));

  return {
    totals,
    messages,
    latencyMs: (percentile) => histogram.percentile(percentile) / 1000,
    expectCut: () => {
      cutAtMs = performance.now();
      for (const client of open) cut.add(client);
    },
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

/** drizzle wraps the driver's error. */
function isLostConnection(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  const isLost = /Connection terminated|connection error|ECONNRESET|EPIPE/i.test(error.message);
  return isLost || code === "ECONNRESET" || code === "57P01" || isLostConnection(error.cause);
}
