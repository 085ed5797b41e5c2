import { closedError } from "./errors.ts";
import type { RefreshCause, RefreshSubject, Reporter } from "./events.ts";
import type { Fetched, Flight } from "./flight.ts";
import { elapsedMs, remainingMs } from "./lifetime.ts";
import { createRefreshReport } from "./refresh-report.ts";
import { isTransient } from "./retry.ts";
import { backoffMs, eagerRenewalAgeMs, lazyRenewalAgeMs } from "./schedule.ts";
import { backgroundTimer, createWaitingRoom, keepAlive } from "./timers.ts";

export interface RefreshCacheOptions<T> {
  readonly subject: RefreshSubject;
  readonly reporter: Reporter;
  /** Whether a secret that was rejected is still served when no other can be had: a login may fail for other reasons. */
  readonly servesRejected: boolean;
  /** Whether a caller who has to wait keeps the process alive; a cache behind another one leaves that to it. */
  readonly keepsProcessAlive: boolean;
  fetch(flight: Flight): Promise<Fetched<T>>;
}

export interface HolderOptions {
  readonly mode: "eager" | "lazy";
  readonly earlyRefreshMs: number;
}

/** One user of a cache; several may share it. The last one to close stops everything. */
export interface Holder<T> {
  /** The cached value while it is valid, else a fresh one. */
  readonly get: (signal?: AbortSignal) => Promise<T>;
  /** Forces one refresh, if `secret` is still the cached one. */
  readonly invalidate: (secret: string) => void;
  readonly close: () => void;
}

export interface RefreshCache<T> {
  hold(options: HolderOptions): Holder<T>;
  /** Forgets the value; a flight under way does not bring it back. */
  clear(): void;
}

interface CurrentFlight<T> {
  readonly promise: Promise<Fetched<T>>;
  readonly controller: AbortController;
}

/** Invalidations that follow one another faster than this are a storm, not news. */
const INVALIDATION_INTERVAL_MS = 1_000;

/**
 * Keeps one short-lived secret fresh for its holders.
 *
 * While the secret is valid it is served, whatever happens to a refresh. Refreshes are single-flighted; a
 * background one that fails waits (see `backoffMs`), a caller who has nothing valid starts one at once.
 */
export function createRefreshCache<T>(options: RefreshCacheOptions<T>): RefreshCache<T> {
  const { servesRejected, keepsProcessAlive } = options;
  const report = createRefreshReport(options.subject, options.reporter);
  const untilAborted = createWaitingRoom();
  const holders = new Set<HolderOptions>();
  let current: Fetched<T> | undefined;
  /** Whether the current secret was rejected, or so a holder says. */
  let isRejected = false;
  let forcedAtMs = -Infinity;
  let flight: CurrentFlight<T> | undefined;
  let awaiting = 0;
  let failures = 0;
  /**
   * Where in 50–75 % of a life this cache renews. Kept from token to token: the renewals of a fleet that started
   * together then move further apart with each round, while new draws would crowd around their mean (measured).
   */
  let renewalPoint = Math.random();
  let quietUntilMs = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const renewalAge = (): number => {
    if (current === undefined || isRejected) return 0;
    const { lifeMs } = current.lifetime;
    const ages = [...holders].map(({ mode, earlyRefreshMs }) =>
      mode === "eager"
        ? eagerRenewalAgeMs(lifeMs, earlyRefreshMs, renewalPoint)
        : lazyRenewalAgeMs(lifeMs, earlyRefreshMs),
    );
    return Math.min(...ages);
  };

  const isDue = (): boolean => current === undefined || elapsedMs(current.lifetime) >= renewalAge();
  const isQuiet = (): boolean => performance.now() < quietUntilMs;

  const start = (cause: RefreshCause): CurrentFlight<T> => {
    clearTimeout(timer);
    const controller = new AbortController();
    const end = report.start(cause);
    const isCurrent = (): boolean => flight?.controller === controller;
    const promise = Promise.resolve()
      .then(() => options.fetch({ signal: controller.signal, isAwaited: () => awaiting > 0 }))
      .then(
        (fetched) => {
          if (isCurrent()) succeed(fetched);
          end();
          return fetched;
        },
        (error: unknown) => {
          if (isCurrent()) fail(error);
          end(error);
          throw error;
        },
      );
    promise.catch(() => {}); // A background refresh has nobody to tell.
    flight = { promise, controller };
    return flight;
  };

  const succeed = (fetched: Fetched<T>): void => {
    flight = undefined;
    current = fetched;
    isRejected = false;
    // An outage gathers a part of the fleet; without a new draw that part would stay together.
    if (failures > 0) renewalPoint = Math.random();
    failures = 0;
    quietUntilMs = 0;
    report.recovered();
    schedule();
  };

  const fail = (error: unknown): void => {
    flight = undefined;
    failures += 1;
    const isRetryable = isTransient(error);
    const asked: unknown = error instanceof Error ? Reflect.get(error, "retryAfterMs") : undefined;
    quietUntilMs =
      performance.now() + backoffMs(failures, isRetryable, typeof asked === "number" ? asked : 0, Math.random());
    if (!isRetryable) report.permanentFailure(error);
    if (isRejected && valid() !== undefined) report.rejectedServed(error);
    schedule();
  };

  const schedule = (): void => {
    clearTimeout(timer);
    const isEager = [...holders].some(({ mode }) => mode === "eager");
    if (!isEager || flight !== undefined || current?.lifetime.lifeMs === Infinity) return;
    const untilDueMs = current === undefined ? 0 : renewalAge() - elapsedMs(current.lifetime);
    const delayMs = Math.max(untilDueMs, quietUntilMs - performance.now());
    timer = backgroundTimer(() => {
      if (isDue() && !isQuiet()) start(failures > 0 ? "retry" : "scheduled");
      else schedule();
    }, delayMs);
  };

  const valid = (): Fetched<T> | undefined =>
    current !== undefined && remainingMs(current.lifetime) > 0 && (!isRejected || servesRejected) ? current : undefined;

  const get = async (closed: AbortSignal, signal: AbortSignal | undefined): Promise<T> => {
    if (closed.aborted) throw closed.reason;
    signal?.throwIfAborted();
    const ready = valid();
    if (ready !== undefined && !(isRejected && (flight !== undefined || !isQuiet()))) {
      if (flight === undefined && isDue() && !isQuiet()) start(failures > 0 ? "retry" : "early-window");
      return ready.value;
    }
    const joined = flight ?? start(current === undefined ? "initial" : isRejected ? "invalidated" : "expired");
    awaiting += 1;
    try {
      const waiting = untilAborted(untilAborted(joined.promise, signal), closed);
      return (await (keepsProcessAlive ? keepAlive(waiting) : waiting)).value;
    } catch (error) {
      const rejected = valid();
      if (rejected === undefined || closed.aborted || signal?.aborted) throw error;
      return rejected.value;
    } finally {
      awaiting -= 1;
    }
  };

  const invalidate = (secret: string): void => {
    if (current === undefined || current.secret !== secret) return;
    if (performance.now() - forcedAtMs < INVALIDATION_INTERVAL_MS) return;
    forcedAtMs = performance.now();
    isRejected = true;
    if (flight === undefined) start("invalidated");
  };

  const clear = (): void => {
    clearTimeout(timer);
    current = undefined;
    flight = undefined;
    isRejected = false;
  };

  const hold = (holder: HolderOptions): Holder<T> => {
    const own = { ...holder };
    const closed = new AbortController();
    holders.add(own);
    if (own.mode === "eager") {
      if (current === undefined && flight === undefined) start("initial");
      else schedule();
    }
    return {
      get: (signal) => get(closed.signal, signal),
      invalidate,
      close: () => {
        closed.abort(closedError());
        holders.delete(own);
        if (holders.size > 0) return schedule();
        flight?.controller.abort(closedError());
        clear();
      },
    };
  };

  return { hold, clear };
}
