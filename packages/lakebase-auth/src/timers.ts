type Timer = ReturnType<typeof setTimeout>;

/** The longest delay that setTimeout keeps; a longer one would fire at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** A timer that never keeps the process alive. */
export function backgroundTimer(callback: () => void, delayMs: number): Timer {
  const timer: unknown = setTimeout(callback, Math.min(Math.max(delayMs, 0), MAX_DELAY_MS));
  if (typeof timer === "object" && timer !== null && "unref" in timer && typeof timer.unref === "function")
    timer.unref();
  else (globalThis as { Deno?: { unrefTimer?(id: unknown): void } }).Deno?.unrefTimer?.(timer);
  return timer as Timer;
}

/** Rejects with the signal's reason as soon as it aborts, whether or not `promise` looks at the signal. */
export function untilAborted<T>(promise: PromiseLike<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return Promise.resolve(promise);
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).then(() => signal.removeEventListener("abort", abort));
  });
}

/** `untilAborted` for many waits on one signal, with one listener: Node 22 warns about more than ten. */
export function createWaitingRoom(): typeof untilAborted {
  const rooms = new WeakMap<AbortSignal, { readonly waiting: Set<() => void>; close(): void }>();
  const open = (signal: AbortSignal) => {
    const waiting = new Set<() => void>();
    const empty = (): void => waiting.forEach((reject) => reject());
    signal.addEventListener("abort", empty, { once: true });
    const close = (): void => {
      signal.removeEventListener("abort", empty);
      rooms.delete(signal);
    };
    const room = { waiting, close };
    rooms.set(signal, room);
    return room;
  };
  return (promise, signal) => {
    if (signal === undefined || signal.aborted) return untilAborted(promise, signal);
    const { waiting, close } = rooms.get(signal) ?? open(signal);
    return new Promise((resolve, reject) => {
      const abort = (): void => reject(signal.reason);
      waiting.add(abort);
      const leave = (): void => {
        waiting.delete(abort);
        if (waiting.size === 0) close();
      };
      promise.then(resolve, reject).then(leave);
    });
  };
}

/** Waits without keeping the process alive (see `keepAlive`); rejects when the signal aborts. */
export async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  let timer: Timer | undefined;
  try {
    await untilAborted(new Promise<void>((resolve) => (timer = backgroundTimer(resolve, delayMs))), signal);
  } finally {
    clearTimeout(timer);
  }
}

/** Runs `work` with a signal that aborts with `reason()` after `limitMs`, or with the outer signal. */
export async function withDeadline<T>(
  limitMs: number,
  outer: AbortSignal | undefined,
  reason: () => Error,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const forward = (): void => controller.abort(outer?.reason);
  if (outer?.aborted) forward();
  else outer?.addEventListener("abort", forward, { once: true });
  const timer = backgroundTimer(() => controller.abort(reason()), limitMs);
  try {
    if (controller.signal.aborted) throw controller.signal.reason;
    return await untilAborted(work(controller.signal), controller.signal);
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener("abort", forward);
  }
}

/**
 * Keeps the process alive while a caller awaits `promise`. All other timers are background timers,
 * so without it Node would exit in the middle of an await.
 */
export async function keepAlive<T>(promise: Promise<T>): Promise<T> {
  const timer = setInterval(() => {}, MAX_DELAY_MS);
  try {
    return await promise;
  } finally {
    clearInterval(timer);
  }
}
