import { isDataSourceError } from "@org/data-source-core";
import { createDeadline, createPoolMetrics, type Deadline, type Instrument } from "@org/data-source-core/adapter";
import { type Connection, type ConnectionContext, prepareConnection } from "./connection.ts";
import { login, type StageListener } from "./login.ts";
import type { ResolvedMySqlOptions } from "./options.ts";
import { createPool } from "./pool.ts";
import type { ServerInfo } from "./server-info.ts";

export interface Connections {
  acquire(deadline: Deadline): Promise<Connection>;
  release(connection: Connection): void;
  /** One beside the pool, for `check()`; to be closed by the caller. */
  open(deadline: Deadline, onStage?: StageListener): Promise<Connection>;
  close(): Promise<void>;
}

/** `onServer` hears of the server with the first connection. */
export function createConnections(
  options: ResolvedMySqlOptions,
  instrument: Instrument,
  onServer: (server: ServerInfo) => void,
): Connections {
  const { pool: settings, connectTimeoutMs, onEvent, telemetry, host, port, user, database } = options;

  /** When one was lost: those that have not been heard since may be just as broken, and not know it. */
  let doubtedAt = -Infinity;

  const open = async (deadline: Deadline, onStage?: StageListener): Promise<Connection> => {
    const started = performance.now();
    using limit = createDeadline({
      timeoutMs: connectTimeoutMs,
      signals: [deadline.signal],
      kind: "mysql",
      code: "CONNECT_TIMEOUT",
    });
    const driver = await login(options, limit, onStage);
    const connection = await prepareConnection(driver, context, limit).catch((error: unknown) => {
      driver.stream.destroy();
      throw error;
    });
    onServer(connection.server);
    onEvent({ type: "connection-opened", durationMs: performance.now() - started });
    return connection;
  };
  const kill = async (server: ServerInfo, deadline: Deadline): Promise<boolean> => {
    const idle = pool.acquireIdle();
    if (idle) {
      const killed = await idle.kill(server).catch(() => false);
      pool.release(idle);
      if (killed) return true;
    }
    const own = await open(deadline);
    return own.kill(server).finally(() => own.close("It was opened to cancel a statement"));
  };
  const context: ConnectionContext = {
    options,
    kill,
    onLost: (connection) => {
      doubtedAt = performance.now();
      pool.remove(connection);
      connection.close("It was lost");
    },
  };
  const pool = createPool(settings, async () => {
    const since = metrics.now();
    // Nobody's own deadline: whoever comes first gets it.
    using deadline = createDeadline({ timeoutMs: Infinity });
    const connection = await open(deadline);
    metrics.created(since);
    return connection;
  });
  const metrics = createPoolMetrics({
    ...telemetry,
    name: `${user}@${host}:${port}/${database ?? ""}`,
    state: pool.state,
  });
  const usedSince = new WeakMap<Connection, number>();
  const acquire = async (deadline: Deadline): Promise<Connection> => {
    const span = instrument.span("acquire connection");
    const since = metrics.now();
    try {
      const connection = await acquireProved(deadline);
      span.end();
      metrics.waited(since);
      usedSince.set(connection, metrics.now());
      return connection;
    } catch (error) {
      span.end(error);
      if (isDataSourceError(error, "ACQUIRE_TIMEOUT")) metrics.timedOut();
      throw error;
    }
  };
  const acquireProved = async (deadline: Deadline): Promise<Connection> => {
    for (;;) {
      const connection = await pool.acquire(deadline);
      if (connection.heardAt > doubtedAt || (await connection.prove(deadline))) return connection;
    }
  };
  return {
    acquire,
    release: (connection) => {
      const since = usedSince.get(connection) ?? 0;
      // 0 while nobody measures.
      if (since > 0) metrics.used(since);
      pool.release(connection);
    },
    open,
    close: async () => {
      metrics.close();
      pool.close();
    },
  };
}
