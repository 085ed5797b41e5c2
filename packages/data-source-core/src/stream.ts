import type { ResolvedStreamOptions } from "./call-options.ts";
import { abortError, createDeadline, timeoutError, type Deadline } from "./deadline.ts";
import { DataSourceError, ValidationError } from "./errors.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Column, QueryStream } from "./result.ts";
import { createRowLimit, createRowShaper, validateRows, type RawRow } from "./rows.ts";
import type { Operation } from "./telemetry.ts";

/** What an adapter gives for a stream: its rows on demand. */
export interface BatchReader {
  readonly columns: readonly Column[];
  readonly queryId: string | undefined;
  /** Up to `maxRows` rows. When the deadline is over it rejects soon, with the deadline's reason. */
  read(maxRows: number, deadline: Deadline): Promise<{ readonly rows: readonly RawRow[]; readonly done: boolean }>;
  /** Called once. Stops the server's work if it is not done, then gives back or discards the connection. */
  close(): Promise<void>;
}

export interface QueryStreamSetup<R> {
  readonly kind: string;
  readonly options: ResolvedStreamOptions<R>;
  readonly rowMode: "object" | "array";
  readonly lifecycle: Lifecycle;
  /** Starts the statement. When it rejects, it has cleaned up after itself. */
  readonly open: (deadline: Deadline) => Promise<BatchReader>;
  /** The span of the stream, begun with it. */
  readonly start?: () => Operation;
}

/** The stream of the contract over an adapter's reader: limits, timeouts, abort, early break, rows' shape. */
export function createQueryStream<R>(setup: QueryStreamSetup<R>): QueryStream<R> {
  const { kind, options, lifecycle } = setup;
  const limit = createRowLimit(options);
  const stop = new AbortController();
  const sources = [options.signal, lifecycle.signal];
  let phase: "new" | "running" | "over" = "new";
  let reader: BatchReader | undefined;
  let shape: ((row: RawRow) => unknown) | undefined;
  let failure: unknown;
  let delivered = 0;
  let endsAt = Infinity;
  let idleTimer: NodeJS.Timeout | undefined;
  let operation: Operation | undefined;
  let leave: (() => void) | undefined;
  let finished: Promise<void> | undefined;
  let reading = false;
  let queue: Promise<unknown> = Promise.resolve();
  let iterated = false;

  const onAbort = (event: Event): void => stop.abort(abortError((event.target as AbortSignal).reason, kind));

  /** The end, whatever the reason: everything is given back before it fulfils. */
  const finish = (error?: unknown): Promise<void> =>
    (finished ??= (async () => {
      phase = "over";
      failure = error;
      clearTimeout(idleTimer);
      for (const source of sources) source?.removeEventListener("abort", onAbort);
      try {
        await reader?.close();
      } catch {
        // It would hide the error that led here.
      }
      operation?.end({ rows: delivered, error });
      leave?.();
    })());

  const begin = (): void => {
    leave = lifecycle.enter();
    phase = "running";
    operation = setup.start?.();
    endsAt = performance.now() + options.totalTimeoutMs;
    stop.signal.addEventListener("abort", () => {
      // A read under way ends by its own deadline, and finishes then.
      if (!reading) void finish(failureOf(stop.signal.reason));
    });
    for (const source of sources) {
      if (source?.aborted) stop.abort(abortError(source.reason, kind));
      else source?.addEventListener("abort", onAbort);
    }
  };

  /** One step on the server, in order with the others, under one deadline. */
  const step = <T>(work: (deadline: Deadline) => Promise<T>): Promise<T | undefined> => {
    const result = queue.then(async () => {
      if (phase === "new") begin();
      if (phase === "over") {
        await finished;
        if (failure !== undefined) throw failure;
        return undefined;
      }
      clearTimeout(idleTimer);
      reading = true;
      const timeoutMs = Math.min(options.statementTimeoutMs, endsAt - performance.now());
      const deadline = createDeadline({ timeoutMs, signals: [stop.signal], kind });
      try {
        deadline.throwIfOver();
        const value = await work(deadline);
        if (phase === "running") deadline.throwIfOver();
        return value;
      } catch (error) {
        await finish(failureOf(error));
        if (failure === undefined) return undefined;
        throw error;
      } finally {
        deadline[Symbol.dispose]();
        reading = false;
        if (phase === "running") armIdle();
      }
    });
    queue = result.catch(() => undefined);
    return result;
  };

  const armIdle = (): void => {
    const idleMs = Math.min(options.idleTimeoutMs, endsAt - performance.now());
    if (idleMs > 2 ** 31 - 1) return;
    const total = idleMs < options.idleTimeoutMs;
    const error = total
      ? timeoutError("STATEMENT_TIMEOUT", options.totalTimeoutMs, kind)
      : timeoutError("IDLE_TIMEOUT", options.idleTimeoutMs, kind);
    // Nobody awaits it: it must not keep the process alive.
    idleTimer = setTimeout(() => stop.abort(error), Math.max(0, idleMs)).unref();
  };

  const opened = async (deadline: Deadline): Promise<BatchReader> => {
    if (reader) return reader;
    const open = (): Promise<BatchReader> => setup.open(deadline);
    reader = await (operation?.run(open) ?? open());
    shape = createRowShaper(reader.columns, setup.rowMode);
    deadline.throwIfOver();
    return reader;
  };

  const nextBatch = async (deadline: Deadline): Promise<R[] | undefined> => {
    const source = await opened(deadline);
    for (;;) {
      const { rows, done } = await source.read(limit.wanted(options.batchRows), deadline);
      const kept: unknown[] = [];
      for (const row of rows) if (limit.admit(row)) kept.push(shape?.(row));
      const batch = await validateRows(kept, options.rowSchema, delivered);
      delivered += batch.length;
      if (done || limit.truncated) await finish();
      if (batch.length > 0 || phase === "over") return batch.length > 0 ? batch : undefined;
    }
  };

  const next = async (): Promise<IteratorResult<R[], undefined>> => {
    const value = await step(nextBatch);
    return value ? { done: false, value } : { done: true, value: undefined };
  };
  const close = async (): Promise<void> => {
    if (phase === "new") phase = "over";
    else if (!reading) await finish();
    else {
      stop.abort(closing);
      await queue;
    }
  };
  return {
    columns: async () => {
      const source = reader ?? (await step(opened));
      if (source) return source.columns;
      throw new DataSourceError({ code: "CLOSED", kind, message: "The stream was closed before it began" });
    },
    get rowsDelivered() {
      return delivered;
    },
    get truncated() {
      return limit.truncated;
    },
    get queryId() {
      return reader?.queryId;
    },
    close,
    [Symbol.asyncDispose]: close,
    [Symbol.asyncIterator]: () => {
      if (iterated) throw new ValidationError("A stream is iterated once: make another for the same request", "stream");
      iterated = true;
      return { next, return: async () => (await close(), { done: true, value: undefined }) };
    },
  };
}

/** The reason of a deliberate `close()`, which is no failure. */
const closing = new DataSourceError({ code: "CLOSED", message: "The stream was closed" });

function failureOf(error: unknown): unknown {
  return error === closing ? undefined : error;
}
