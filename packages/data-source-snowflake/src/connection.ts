import { DataSourceError, type EventListener } from "@org/data-source-core";
import { createDeadline, type Deadline, type Instrument, type ResolvedPool } from "@org/data-source-core/adapter";
import type { Connection } from "./driver.ts";
import { destroy } from "./login.ts";

/** One session of the server. Statements of their own share it; a session or transaction has one for itself. */
interface Link {
  readonly connection: Connection;
  readonly openedAt: number;
  /** How many hold it. */
  active: number;
  isRetired: boolean;
  idleTimer: NodeJS.Timeout | undefined;
}

/** A connection in use; it must be released. */
export interface Lease {
  readonly connection: Connection;
  /** Its session is over: nobody gets it again, and it is closed once the last that holds it has released it. */
  expire(): void;
  release(options?: { readonly discard?: boolean }): void;
}

export interface Connections {
  /** The session that statements share: the current one, or a new one that all who wait for it get. */
  shared(deadline: Deadline): Promise<Lease>;
  /** A session for one unit alone. */
  exclusive(deadline: Deadline): Promise<Lease>;
  close(): Promise<void>;
}

export interface ConnectionsSettings {
  readonly open: () => Promise<Connection>;
  /** False for a connection that was given: it is never closed. */
  readonly isOwner: boolean;
  readonly pool: ResolvedPool;
  readonly onEvent: EventListener;
  readonly instrument: Instrument;
}

/** How long `close()` waits for the server's answers. */
const closeTimeoutMs = 5_000;

export function createConnections({ open, isOwner, pool, onEvent, instrument }: ConnectionsSettings): Connections {
  const links = new Set<Link>();
  const closing = new Set<Promise<void>>();
  let shared: Link | undefined;
  let sharing: Promise<void> | undefined;
  let idle: Link[] = [];
  let opening = 0;
  let waiters: (() => void)[] = [];
  let expired = false;
  let isClosed = false;

  const wake = (): void => {
    const waiting = waiters;
    waiters = [];
    for (const resume of waiting) resume();
  };

  const end = (link: Link): void => {
    if (!isOwner) return;
    const ended = destroy(link.connection);
    closing.add(ended);
    void ended.then(() => closing.delete(ended));
  };

  const retire = (link: Link, reason: string): void => {
    if (link.isRetired) return;
    link.isRetired = true;
    clearTimeout(link.idleTimer);
    links.delete(link);
    if (shared === link) shared = undefined;
    idle = idle.filter((other) => other !== link);
    onEvent({ type: "connection-closed", reason });
    // Whoever still uses it would lose its sockets.
    if (link.active === 0) end(link);
    wake();
  };

  const openLink = async (): Promise<Link> => {
    opening += 1;
    const started = performance.now();
    const span = instrument.span("connect");
    try {
      const link: Link = {
        connection: await open(),
        openedAt: performance.now(),
        active: 0,
        isRetired: false,
        idleTimer: undefined,
      };
      if (isClosed) {
        end(link);
        throw new DataSourceError({ code: "CLOSED", kind: "snowflake", message: "The data source is closed" });
      }
      links.add(link);
      span.end();
      onEvent({ type: "connection-opened", durationMs: performance.now() - started });
      if (expired) onEvent({ type: "reconnected", reason: "the session's authentication had expired" });
      expired = false;
      return link;
    } catch (error) {
      span.end(error);
      throw error;
    } finally {
      opening -= 1;
      wake();
    }
  };

  const openShared = async (): Promise<void> => {
    try {
      shared = await openLink();
    } finally {
      sharing = undefined;
    }
  };

  const lease = (link: Link, isExclusive: boolean): Lease => {
    link.active += 1;
    clearTimeout(link.idleTimer);
    let released = false;
    return {
      connection: link.connection,
      expire: () => {
        expired = isOwner;
        if (isOwner) retire(link, "the session's authentication has expired");
      },
      release: ({ discard = false } = {}) => {
        if (released) return;
        released = true;
        link.active -= 1;
        if (link.isRetired && link.active === 0) end(link);
        else if (!link.isRetired && discard && isOwner) retire(link, "its session was changed");
        else if (!link.isRetired && link.active === 0) rest(link, isExclusive);
        wake();
      },
    };
  };

  const rest = (link: Link, isExclusive: boolean): void => {
    if (isExclusive) idle.push(link);
    if (!isOwner || pool.idleTimeoutMs === Infinity) return;
    link.idleTimer = setTimeout(
      () => retire(link, "it was not used"),
      Math.min(pool.idleTimeoutMs, 2 ** 31 - 1),
    ).unref();
  };

  const takeIdle = (): Link | undefined => {
    for (let link = idle.pop(); link !== undefined; link = idle.pop()) if (isYoung(link)) return link;
    return undefined;
  };

  const isYoung = (link: Link): boolean => {
    if (!isOwner || performance.now() - link.openedAt < pool.maxLifetimeMs) return true;
    retire(link, "it reached its maximal age");
    return false;
  };

  const wait = async (deadline: Deadline): Promise<void> => {
    using limit = createDeadline({
      timeoutMs: pool.acquireTimeoutMs,
      signals: [deadline.signal],
      kind: "snowflake",
      code: "ACQUIRE_TIMEOUT",
    });
    await limit.race(new Promise<void>((resolve) => waiters.push(resolve)));
  };

  return {
    shared: async (deadline) => {
      for (;;) {
        deadline.throwIfOver();
        if (shared && isYoung(shared)) return lease(shared, false);
        if (sharing) await deadline.race(sharing);
        else {
          shared = takeIdle();
          if (shared) continue;
          if (links.size + opening >= pool.max) await wait(deadline);
          else {
            sharing = openShared();
          }
        }
      }
    },
    exclusive: async (deadline) => {
      for (;;) {
        deadline.throwIfOver();
        const rested = takeIdle();
        if (rested) return lease(rested, true);
        if (links.size + opening < pool.max) {
          const opened = openLink();
          try {
            return lease(await deadline.race(opened), true);
          } catch (error) {
            // Whoever comes next has a use for it.
            if (deadline.signal.aborted) opened.then((link) => rest(link, true)).catch(() => undefined);
            throw error;
          }
        }
        if (shared?.active === 0) {
          const link = shared;
          shared = undefined;
          return lease(link, true);
        }
        await wait(deadline);
      }
    },
    close: async () => {
      isClosed = true;
      for (const link of links) retire(link, "the data source was closed");
      using limit = createDeadline({ timeoutMs: closeTimeoutMs });
      await limit.race(Promise.all(closing)).catch(() => undefined);
    },
  };
}
