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
  return new CallDeadline(options, undefined);
}

/** Deadlines that share one timer, and end together when the signal aborts. */
export interface Deadlines {
  start(options: DeadlineOptions): Deadline;
}

/**
 * For an adapter's short calls: a timer and a listener for each would cost more than the rest of a call.
 *
 * @param signal - Such as a lifecycle's; after its abort every deadline is over from the start.
 */
export function createDeadlines(signal: AbortSignal): Deadlines {
  const group = new DeadlineGroup(signal);
  return { start: (options) => new CallDeadline(options, group) };
}

/** A class, and with an AbortSignal only where one is asked for: every call has one of these, and both cost more. */
class CallDeadline implements Deadline {
  readonly end: number;
  readonly #options: DeadlineOptions;
  readonly #group: DeadlineGroup | undefined;
  readonly #waiting = new Set<(error: DataSourceError) => void>();
  #controller: AbortController | undefined;
  #over: DataSourceError | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: DeadlineOptions, group: DeadlineGroup | undefined) {
    const { timeoutMs, signals = [], kind } = options;
    this.#options = options;
    this.#group = group;
    this.end = performance.now() + timeoutMs;
    const aborted = group?.signal.aborted ? group.signal : signals.find((source) => source?.aborted);
    if (aborted) {
      this.#over = abortError(aborted.reason, kind);
      return;
    }
    for (const source of signals) source?.addEventListener("abort", this);
    if (group) group.add(this);
    else if (timeoutMs !== Infinity) this.#arm();
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#over) this.#controller.abort(this.#over);
    }
    return this.#controller.signal;
  }

  remainingMs(): number {
    return Math.max(0, this.end - performance.now());
  }

  serverTimeoutMs(): number | undefined {
    return this.end === Infinity ? undefined : Math.max(1, Math.ceil(this.remainingMs()));
  }

  throwIfOver(): void {
    if (this.#over) throw this.#over;
  }

  race<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      // Also when already over: `work` is still listened to, so that its late failure is not unhandled.
      if (this.#over) reject(this.#over);
      else this.#waiting.add(reject);
      work.then(
        (value) => {
          this.#waiting.delete(reject);
          resolve(value);
          return undefined;
        },
        (error: Error) => {
          this.#waiting.delete(reject);
          reject(error);
        },
      );
    });
  }

  /** An abort of one of the signals. */
  handleEvent({ target }: Event): void {
    this.abort((target as AbortSignal).reason);
  }

  abort(reason: unknown): void {
    this.#finish(abortError(reason, this.#options.kind));
  }

  timeOut(): void {
    const { code = "STATEMENT_TIMEOUT", timeoutMs, kind } = this.#options;
    this.#finish(timeoutError(code, timeoutMs, kind));
  }

  [Symbol.dispose](): void {
    this.#group?.delete(this);
    clearTimeout(this.#timer);
    for (const source of this.#options.signals ?? []) source?.removeEventListener("abort", this);
  }

  #arm(): void {
    const left = this.end - performance.now();
    if (left > longestDelayMs) this.#timer = setTimeout(() => this.#arm(), longestDelayMs);
    else this.#timer = setTimeout(() => this.timeOut(), Math.max(0, left));
  }

  #finish(error: DataSourceError): void {
    this[Symbol.dispose]();
    this.#over = error;
    this.#controller?.abort(error);
    for (const reject of this.#waiting) reject(error);
    this.#waiting.clear();
  }
}

class DeadlineGroup {
  readonly signal: AbortSignal;
  readonly #active = new Set<CallDeadline>();
  #timer: NodeJS.Timeout | undefined;
  /** When the timer fires; deadlines that end later wait for it to look again. */
  #armedFor = Infinity;

  constructor(signal: AbortSignal) {
    this.signal = signal;
    signal.addEventListener("abort", () => {
      for (const deadline of this.#active) deadline.abort(signal.reason);
      clearTimeout(this.#timer);
    });
  }

  add(deadline: CallDeadline): void {
    this.#active.add(deadline);
    if (deadline.end < this.#armedFor) this.#arm(deadline.end);
    else if (this.#active.size === 1) this.#timer?.ref();
  }

  delete(deadline: CallDeadline): void {
    // Nobody awaits anything any more: the timer must not keep the process alive.
    if (this.#active.delete(deadline) && this.#active.size === 0) this.#timer?.unref();
  }

  #arm(end: number): void {
    clearTimeout(this.#timer);
    this.#armedFor = end;
    const left = Math.max(0, end - performance.now());
    this.#timer = setTimeout(() => this.#look(), Math.min(left, longestDelayMs));
  }

  #look(): void {
    this.#armedFor = Infinity;
    this.#timer = undefined;
    let next = Infinity;
    for (const deadline of this.#active) {
      // Timers count whole milliseconds, and may be early by a part of one.
      if (deadline.remainingMs() < 1) deadline.timeOut();
      else next = Math.min(next, deadline.end);
    }
    if (next !== Infinity) this.#arm(next);
  }
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
