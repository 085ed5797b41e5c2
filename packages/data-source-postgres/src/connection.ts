import { isDataSourceError, type Notice } from "@org/data-source-core";
import { createDeadline, type Deadline } from "@org/data-source-core/adapter";
import type { PoolClient } from "pg";
import type { Outcome, Step } from "./exchange.ts";
import { createLease, type Losses, type PooledLease } from "./lease.ts";
import { loginError } from "./login-error.ts";
import type { Flavour } from "./options.ts";
import { type PoolSettings, ResilientPool } from "./pool.ts";

/** One acquired connection. */
export interface Connection {
  readonly flavour: Flavour;
  /** What the server reported of itself, such as `server_version`. */
  readonly parameters: ReadonlyMap<string, string>;
  /** Its notices since they were last taken. */
  takeNotices(): Notice[];
  /**
   * Runs one exchange. When the deadline is over first, the server is asked to stop and its answer awaited; the outcome
   * then usually is SQLSTATE 57014. Rejects with code CONNECTION if the connection broke.
   */
  run(steps: readonly Step[], deadline: Deadline): Promise<Outcome>;
  /** A statement may leave something behind: the connection is reset when its lease ends. */
  taint(): void;
  /** Ends a transaction that is still open, by ROLLBACK. */
  settle(): Promise<void> | undefined;
}

/** A connection for one statement or unit, and how it is given back. */
export interface Lease {
  readonly connection: Connection;
  /** Settles it first; a connection in doubt, or one to `discard`, is closed instead. */
  end(options?: { readonly discard?: boolean }): Promise<void> | undefined;
}

export interface Connections {
  /** Rejects with the deadline's reason, ACQUIRE_TIMEOUT, or why no connection could be opened. */
  acquire(deadline: Deadline): Promise<Lease>;
  close(): Promise<void>;
}

export interface ConnectionSettings extends PoolSettings {
  /** Behind a transaction pooler the connection that a reset would reach is anybody's. */
  readonly pooler: "none" | "transaction";
  readonly preparedStatements: boolean;
  readonly flavour: Flavour;
  readonly acquireTimeoutMs: number;
}

export function createConnections(settings: ConnectionSettings): Connections {
  const { redact, onEvent, acquireTimeoutMs } = settings;
  const pool = new ResilientPool(settings);
  const losses: Losses = { count: 0 };
  pool.on("error", () => (losses.count += 1));
  const leases = new WeakMap<PoolClient, PooledLease>();
  const leaseOf = (client: PoolClient): PooledLease => {
    let lease = leases.get(client);
    if (!lease) leases.set(client, (lease = createLease(client, settings, losses)));
    return lease;
  };

  const waitFor = (connecting: Promise<PoolClient>, deadline: Deadline): Promise<PooledLease> =>
    deadline.race(connecting).then(leaseOf, (error: unknown) => {
      if (!deadline.signal.aborted) throw isDataSourceError(error) ? error : loginError(error, redact);
      if (isDataSourceError(deadline.signal.reason, "ACQUIRE_TIMEOUT")) pool.timedOut();
      // Whoever comes too late for us is of use to the next.
      connecting.then((client) => client.release()).catch(() => undefined);
      throw deadline.signal.reason;
    });

  const take = async (deadline: Deadline): Promise<PooledLease> => {
    deadline.throwIfOver();
    // A connection that is being opened for this caller has its own limit, connectTimeoutMs.
    const isQueued = pool.totalCount >= settings.max && pool.waitingCount >= pool.idleCount;
    const connecting = pool.connect();
    if (!isQueued) return waitFor(connecting, deadline);
    using wait = createDeadline({
      timeoutMs: acquireTimeoutMs,
      signals: [deadline.signal],
      kind: "postgres",
      code: "ACQUIRE_TIMEOUT",
    });
    return await waitFor(connecting, wait);
  };

  return {
    acquire: async (deadline) => {
      for (;;) {
        const lease = await take(deadline);
        const proof = lease.prove(deadline);
        if (!proof || (await proof)) return lease;
        onEvent({ type: "connection-closed", reason: "An idle connection no longer answered" });
        await lease.end({ discard: true });
      }
    },
    close: async () => {
      await pool.end();
      onEvent({ type: "connection-closed", reason: "The data source was closed" });
      if (typeof settings.password === "function") await settings.password.close?.();
    },
  };
}
