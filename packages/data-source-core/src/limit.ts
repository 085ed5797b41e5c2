import PQueue from "p-queue";
import { configurationChecks as check } from "./checks.ts";
import type { DataSource } from "./data-source.ts";
import { createDeadline } from "./deadline.ts";
import { ConfigurationError, DataSourceError } from "./errors.ts";
import { extendSource } from "./extend-source.ts";
import type { StatementOptions } from "./request.ts";
import type { QueryStream } from "./result.ts";

export interface LimitOptions {
  /** Calls that run at the same time, at most. Default Infinity. */
  readonly concurrency?: number;
  /** Calls that start within `intervalMs`, at most. Default Infinity. */
  readonly perInterval?: number;
  /** Milliseconds, at most 2,147,483,647. Default 1,000. */
  readonly intervalMs?: number;
  /** Milliseconds that a call may wait for its turn; then code `ACQUIRE_TIMEOUT`. Default 30,000. */
  readonly queueTimeoutMs?: number;
}

/** A data source that queues calls beyond its limits, first come, first served. */
export interface LimitedDataSource extends DataSource {
  /** Calls that wait for their turn. */
  readonly queued: number;
  /** Calls that have theirs. */
  readonly running: number;
}

/** The longest delay that setTimeout takes. */
const longestIntervalMs = 2 ** 31 - 1;

type GiveBack = () => Promise<void>;

const LIMITED = ["query", "session", "transaction", "batch", "introspect", "estimate"] as const;

/**
 * Limits how much a source is asked at a time and how often. A stream counts from its start to its end, a session or
 * transaction as one call (its statements do not queue again). `check` never waits, and `close` ends all waiting.
 *
 * @example
 * ```ts
 * import type { DataSource } from "@org/data-source-core";
 * import { limitDataSource } from "@org/data-source-core/limit";
 *
 * declare const source: DataSource;
 * const limited = limitDataSource(source, { concurrency: 4, perInterval: 100, intervalMs: 60_000 });
 * ```
 */
export function limitDataSource(source: DataSource, options: LimitOptions): LimitedDataSource {
  check.object("options", options);
  check.known(options, ["concurrency", "perInterval", "intervalMs", "queueTimeoutMs"]);
  const { concurrency = Infinity, perInterval = Infinity, intervalMs = 1_000, queueTimeoutMs = 30_000 } = options;
  check.limit("concurrency", concurrency);
  check.limit("perInterval", perInterval);
  check.durationMs("intervalMs", intervalMs);
  if (intervalMs > longestIntervalMs)
    throw new ConfigurationError(`intervalMs must be at most ${longestIntervalMs} milliseconds`, "intervalMs");
  check.durationMs("queueTimeoutMs", queueTimeoutMs);
  const queue = new PQueue({
    concurrency,
    ...(perInterval !== Infinity && { intervalCap: perInterval, interval: intervalMs, strict: true }),
  });

  const closing = new AbortController();
  const close = (): Promise<void> => {
    const { kind } = source;
    closing.abort(new DataSourceError({ code: "CLOSED", kind, message: `The ${kind} data source is closed` }));
    return source.close();
  };

  /** Waits for a turn; the function it resolves to gives the turn back. */
  const takeTurn = async (...signals: readonly (AbortSignal | undefined)[]): Promise<GiveBack> => {
    using deadline = createDeadline({
      timeoutMs: queueTimeoutMs,
      code: "ACQUIRE_TIMEOUT",
      kind: source.kind,
      signals: [...signals, closing.signal],
    });
    const started = Promise.withResolvers<void>();
    const finished = Promise.withResolvers<void>();
    const run = (): Promise<void> => {
      started.resolve();
      return finished.promise;
    };
    const queued = queue.add(run, { signal: deadline.signal });
    queued.catch(() => {}); // Told to the caller by the race.
    try {
      await deadline.race(started.promise);
      return async () => {
        finished.resolve();
        await queued;
      };
    } catch (error) {
      finished.resolve();
      throw error;
    }
  };

  const limited = LIMITED.map((name) => [
    name,
    async (...args: unknown[]): Promise<unknown> => {
      const giveBack = await takeTurn((args[1] as StatementOptions | undefined)?.signal);
      try {
        return await (source[name] as (...args: unknown[]) => Promise<unknown>)(...args);
      } finally {
        await giveBack();
      }
    },
  ]);
  const own = {
    ...(Object.fromEntries(limited) as Pick<DataSource, (typeof LIMITED)[number]>),
    stream: (...args: Parameters<DataSource["stream"]>) =>
      limitStream(source.stream(...args) as QueryStream, (stop) => takeTurn(args[1]?.signal, stop)),
    close,
    [Symbol.asyncDispose]: close,
    get queued() {
      return queue.size;
    },
    get running() {
      return queue.pending;
    },
  };
  return extendSource(source, own) as LimitedDataSource;
}

/** Takes the turn when the stream starts, and gives it back when it has ended in any way. */
function limitStream(inner: QueryStream, takeTurn: (stop: AbortSignal) => Promise<GiveBack>): QueryStream {
  const stop = new AbortController();
  let turn: Promise<GiveBack> | undefined;
  const start = (): Promise<unknown> => (turn ??= takeTurn(stop.signal));
  const end = async (): Promise<void> => {
    // It may still wait for its turn.
    stop.abort(new DataSourceError({ code: "CLOSED", message: "The stream was closed before it began" }));
    await inner.close();
    const giveBack = await turn?.catch(() => undefined);
    await giveBack?.();
  };
  return {
    get rowsDelivered() {
      return inner.rowsDelivered;
    },
    get truncated() {
      return inner.truncated;
    },
    get queryId() {
      return inner.queryId;
    },
    columns: async () => {
      await start();
      try {
        return await inner.columns();
      } catch (error) {
        await end();
        throw error;
      }
    },
    close: end,
    [Symbol.asyncDispose]: end,
    async *[Symbol.asyncIterator]() {
      try {
        await start();
        yield* inner;
      } catch (error) {
        // Its own close() ends a stream that waits as it ends one that runs: without an error.
        if (error !== stop.signal.reason) throw error;
      } finally {
        await end();
      }
    },
  };
}
