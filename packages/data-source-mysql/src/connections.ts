import { createDeadline, type Deadline, type Instrument } from "@org/data-source-core/adapter";
import { type Connection, type ConnectionContext, prepareConnection, type ServerInfo } from "./connection.ts";
import { login, type StageListener } from "./login.ts";
import type { ResolvedMySqlOptions } from "./options.ts";
import { createPool } from "./pool.ts";

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
  const { pool: settings, connectTimeoutMs, onEvent } = options;

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
    const span = instrument.span("open connection");
    // Nobody's own deadline: whoever comes first gets it.
    using deadline = createDeadline({ timeoutMs: Infinity });
    try {
      const connection = await open(deadline);
      span.end();
      return connection;
    } catch (error) {
      span.end(error);
      throw error;
    }
  });
  const acquire = async (deadline: Deadline): Promise<Connection> => {
    for (;;) {
      const connection = await pool.acquire(deadline);
      if (connection.heardAt > doubtedAt || (await connection.prove(deadline))) return connection;
    }
  };
  return {
    acquire,
    release: pool.release,
    open,
    close: async () => pool.close(),
  };
}
