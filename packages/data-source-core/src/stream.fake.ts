import { expect, vi } from "vitest";
import { resolveStreamOptions } from "./call-options.ts";
import type { Deadline } from "./deadline.ts";
import { createLifecycle, type Lifecycle } from "./lifecycle.ts";
import type { StreamOptions } from "./request.ts";
import type { QueryStream } from "./result.ts";
import { withKeys } from "./rows.ts";
import { resolveSourceOptions } from "./source-options.ts";
import { createQueryStream, type BatchReader } from "./stream.ts";

const { defaults } = resolveSourceOptions({});
export const rejection = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);

export interface Fake {
  readonly stream: QueryStream<{ n: number }>;
  readonly lifecycle: Lifecycle;
  /** What the server saw, in order. */
  readonly calls: string[];
  readonly ended: unknown[];
}

/** A server with `total` rows; `readMs` for each read, obeying the deadline as an adapter must. */
export function fake(
  total: number,
  given: StreamOptions<{ n: number }> = {},
  server: { openMs?: number; readMs?: number; failOpen?: Error; failAt?: number; failClose?: Error } = {},
): Fake {
  const calls: string[] = [];
  const ended: unknown[] = [];
  const lifecycle = createLifecycle({ kind: "test", closeTimeoutMs: 1000 });
  const work = async (ms: number | undefined, deadline: Deadline): Promise<void> => {
    if (ms !== undefined) await deadline.race(new Promise((resolve) => setTimeout(resolve, ms)));
  };
  const open = async (deadline: Deadline): Promise<BatchReader> => {
    calls.push("open");
    await work(server.openMs, deadline);
    if (server.failOpen) throw server.failOpen;
    let sent = 0;
    return {
      columns: withKeys([
        { name: "n", type: "integer", nativeType: "int4", precision: undefined, scale: undefined, nullable: undefined },
      ]),
      queryId: "q1",
      read: async (maxRows, readDeadline) => {
        calls.push(`read ${maxRows}`);
        await work(server.readMs, readDeadline);
        if (server.failAt === sent) throw new Error("connection lost");
        const rows = Array.from({ length: Math.min(maxRows, total - sent) }, (_, index) => [sent + index]);
        sent += rows.length;
        return { rows, done: sent === total };
      },
      close: async () => {
        calls.push("close");
        if (server.failClose) throw server.failClose;
      },
    };
  };
  const options = resolveStreamOptions(given, { kind: "test", access: "read-only", defaults });
  const start = (): { run: <T>(run: () => T) => T; end: (outcome: unknown) => void } => ({
    run: (run) => run(),
    end: (outcome) => ended.push(outcome),
  });
  const stream = createQueryStream({ kind: "test", options, rowMode: "object", lifecycle, open, start });
  return { stream, lifecycle, calls, ended };
}

export async function collect(stream: QueryStream<{ n: number }>): Promise<number[][]> {
  const batches: number[][] = [];
  for await (const batch of stream) batches.push(batch.map((row) => row.n));
  return batches;
}

/** Nothing is left: no timer, and the data source does not count it as running. */
export async function expectNothingLeft({ lifecycle }: Fake): Promise<void> {
  expect(vi.getTimerCount()).toBe(0);
  await lifecycle.close(async () => {});
}
