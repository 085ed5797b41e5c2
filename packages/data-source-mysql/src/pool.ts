import type { ResolvedPool } from "@org/data-source-core/adapter";
import { createDeadline, type Deadline, type PoolState } from "@org/data-source-core/adapter";

/** What the pool needs of a thing in it. */
export interface Poolable {
  readonly isUsable: boolean;
  /** Whether it keeps the process alive: only while it is used. */
  keepAlive(active: boolean): void;
  close(reason: string): void;
}

export interface ConnectionPool<T extends Poolable> {
  /** Rejects with the deadline's reason, ACQUIRE_TIMEOUT, or why none could be opened. */
  acquire(deadline: Deadline): Promise<T>;
  /** One that is open and unused, if there is any. */
  acquireIdle(): T | undefined;
  release(item: T): void;
  state(): PoolState;
  /** It has broken: its place is free for another. */
  remove(item: T): void;
  close(): void;
}

interface Waiter<T> {
  readonly resolve: (item: T) => void;
  readonly reject: (error: unknown) => void;
}

/** At most `max`, opened as needed; whoever waits gets the first that is free or newly open. */
export function createPool<T extends Poolable>(
  { max, idleTimeoutMs, maxLifetimeMs, acquireTimeoutMs }: ResolvedPool,
  open: () => Promise<T>,
): ConnectionPool<T> {
  const idle: { readonly item: T; readonly timer: NodeJS.Timeout | undefined }[] = [];
  const endsAt = new Map<T, number>();
  const waiting: Waiter<T>[] = [];
  let opening = 0;
  let isClosed = false;

  const drop = (item: T, reason: string): void => {
    remove(item);
    item.close(reason);
  };
  const remove = (item: T): void => {
    if (!endsAt.delete(item)) return;
    const index = idle.findIndex((entry) => entry.item === item);
    if (index !== -1) clearTimeout(idle.splice(index, 1)[0]?.timer);
    openMore();
  };
  /** As many as there is room for, when nobody else is coming for those who wait. */
  const openMore = (): void => {
    if (isClosed) return;
    while (opening < waiting.length && endsAt.size + opening < max) {
      opening += 1;
      void openOne();
    }
  };
  const openOne = async (): Promise<void> => {
    try {
      const item = await open();
      // Up to a tenth less, so that those opened together do not end together.
      endsAt.set(item, performance.now() + maxLifetimeMs * (1 - Math.random() / 10));
      opening -= 1;
      release(item);
    } catch (error) {
      opening -= 1;
      waiting.shift()?.reject(error);
      openMore();
    }
  };
  const acquireIdle = (): T | undefined => {
    for (let entry = idle.pop(); entry !== undefined; entry = idle.pop()) {
      clearTimeout(entry.timer);
      const { item } = entry;
      if (item.isUsable && (endsAt.get(item) ?? 0) > performance.now()) {
        item.keepAlive(true);
        return item;
      }
      drop(item, item.isUsable ? "It has reached pool.maxLifetimeMs" : "An idle connection was lost");
    }
    return undefined;
  };
  const release = (item: T): void => {
    if (!item.isUsable) return drop(item, "It is not clean");
    if (isClosed) return drop(item, "The data source was closed");
    const waiter = waiting.shift();
    if (waiter) return waiter.resolve(item);
    item.keepAlive(false);
    const timer =
      idleTimeoutMs === Infinity
        ? undefined
        : setTimeout(
            () => drop(item, "It was unused for pool.idleTimeoutMs"),
            Math.min(idleTimeoutMs, 2 ** 31 - 1),
          ).unref();
    idle.push({ item, timer });
  };
  return {
    acquire: async (deadline) => {
      deadline.throwIfOver();
      const free = acquireIdle();
      if (free) return free;
      const { promise, resolve, reject } = Promise.withResolvers<T>();
      const waiter = { resolve, reject };
      waiting.push(waiter);
      openMore();
      // One that is being opened for this caller has its own limit, connectTimeoutMs.
      const timeoutMs = opening >= waiting.length ? Infinity : acquireTimeoutMs;
      using wait = createDeadline({ timeoutMs, signals: [deadline.signal], kind: "mysql", code: "ACQUIRE_TIMEOUT" });
      try {
        return await wait.race(promise);
      } catch (error) {
        const index = waiting.indexOf(waiter);
        if (index !== -1) waiting.splice(index, 1);
        // It came in the moment in which the wait was over.
        else if (wait.signal.aborted) promise.then(release, () => undefined);
        throw error;
      }
    },
    acquireIdle,
    release,
    remove,
    state: () => ({ max, idle: idle.length, used: endsAt.size - idle.length, waiting: waiting.length }),
    close: () => {
      isClosed = true;
      for (const { item } of idle.slice()) drop(item, "The data source was closed");
    },
  };
}
