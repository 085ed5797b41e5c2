import type { DataSourceKind } from "./data-source.ts";
import { DataSourceError, isDataSourceError, type ErrorCode } from "./errors.ts";

/**
 * One clock for all the steps of a call, joined with its signals. Dispose it when the call has settled, not before:
 * under `using`, `return await` what it watches.
 */
export interface Deadline extends Disposable {
  /** Aborted when the time is up or a signal aborts; its reason is the DataSourceError to reject with. */
  readonly signal: AbortSignal;
  /** Infinity when there is no limit, 0 when it has passed. */
  remainingMs(): number;
  /** What remains, for a server's own timeout: a whole number from 1 (0 means "none" to servers); `undefined`: none. */
  serverTimeoutMs(): number | undefined;
  throwIfOver(): void;
  /** Settles as `work` does, or rejects when the deadline is over first; `work` itself is the caller's to stop. */
  race<T>(work: Promise<T>): Promise<T>;
}

export interface DeadlineOptions {
  /** Infinity: only the signals end it. */
  readonly timeoutMs: number;
  readonly signals?: readonly (AbortSignal | undefined)[];
  readonly kind?: DataSourceKind;
  /** The code when time is up. Default `STATEMENT_TIMEOUT`. */
  readonly code?: ErrorCode;
}

/** The longest delay that setTimeout takes: a longer one would fire at once. */
const longestDelayMs = 2 ** 31 - 1;

/** Its timer keeps the process alive until disposed, since somebody is awaiting the call. */
export function createDeadline(options: DeadlineOptions): Deadline {
  const { timeoutMs, signals = [], kind, code = "STATEMENT_TIMEOUT" } = options;
  const controller = new AbortController();
  const { signal } = controller;
  const end = performance.now() + timeoutMs;
  let timer: NodeJS.Timeout | undefined;

  const release = (): void => {
    clearTimeout(timer);
    for (const source of signals) source?.removeEventListener("abort", onAbort);
  };
  const finish = (error: DataSourceError): void => {
    release();
    controller.abort(error);
  };
  const onAbort = (event: Event): void => finish(abortError((event.target as AbortSignal).reason, kind));
  const arm = (): void => {
    const left = end - performance.now();
    if (left > longestDelayMs) timer = setTimeout(arm, longestDelayMs);
    else timer = setTimeout(() => finish(timeoutError(code, timeoutMs, kind)), Math.max(0, left));
  };

  const aborted = signals.find((source) => source?.aborted);
  if (aborted) controller.abort(abortError(aborted.reason, kind));
  else {
    for (const source of signals) source?.addEventListener("abort", onAbort);
    if (timeoutMs !== Infinity) arm();
  }
  const remainingMs = (): number => Math.max(0, end - performance.now());
  return {
    signal,
    remainingMs,
    serverTimeoutMs: () => (timeoutMs === Infinity ? undefined : Math.max(1, Math.ceil(remainingMs()))),
    throwIfOver: () => {
      if (signal.aborted) throw signal.reason as DataSourceError;
    },
    race: (work) => race(work, signal),
    [Symbol.dispose]: release,
  };
}

/** The error for an aborted signal: `CANCELLED`, unless the reason already is one of ours. */
export function abortError(reason: unknown, kind?: DataSourceKind): DataSourceError {
  if (isDataSourceError(reason)) return reason;
  return new DataSourceError({ code: "CANCELLED", message: "The caller cancelled the operation", kind, cause: reason });
}

const timeoutMessages: Partial<Record<ErrorCode, string>> = {
  ACQUIRE_TIMEOUT: "No connection became free",
  CONNECT_TIMEOUT: "The connection was not established",
  IDLE_TIMEOUT: "The stream was not read on",
};

export function timeoutError(code: ErrorCode, timeoutMs: number, kind?: DataSourceKind): DataSourceError {
  const what = timeoutMessages[code] ?? "The statement did not finish";
  return new DataSourceError({ code, kind, message: `${what} within ${timeoutMs} ms` });
}

function race<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason as DataSourceError);
    // Also when already over: `work` is still listened to, so that its late failure is not unhandled.
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop);
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
