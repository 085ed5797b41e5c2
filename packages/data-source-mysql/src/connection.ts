import { DataSourceError, isDataSourceError } from "@org/data-source-core";
import { createDeadline, type Deadline } from "@org/data-source-core/adapter";
import type { DriverConnection, DriverError } from "./driver.ts";
import { brokenError, isRefusal, statementError } from "./error-map.ts";
import type { ResolvedMySqlOptions } from "./options.ts";
import type { Poolable } from "./pool.ts";
import { greet, type ServerInfo } from "./server-info.ts";
import { changes, type Settings } from "./settings.ts";
import { execute, type Outcome, type RowSink, say, type Statement } from "./statement.ts";

/** A statement on its way. */
export interface Running {
  /** Rejects with code CONNECTION if the connection broke. */
  readonly outcome: Promise<Outcome>;
  /**
   * Fulfils when the server is no longer at it: at once if it has ended within `leewayMs`, else after a KILL QUERY. A
   * connection for which that cannot be proved is destroyed.
   */
  stop(leewayMs?: number): Promise<void>;
  /** Whether the server may have run it: until then it was only being prepared. */
  readonly isSent: boolean;
}

export interface Connection extends Poolable {
  readonly server: ServerInfo;
  /** When the server last answered, by performance.now(). */
  readonly heardAt: number;
  /** Whether it still answers; if not, it is lost. */
  prove(deadline: Deadline): Promise<boolean>;
  /** Sets what differs, then starts. The statement's own end is `outcome`; this rejects if it could not begin. */
  start(statement: Statement, settings: Settings, sink: RowSink, deadline: Deadline): Promise<Running>;
  /** A statement of our own, without values. Gives its rows; rejects with our errors. */
  ask(text: string, deadline: Deadline): Promise<unknown[][]>;
  /** Of everything so far. */
  readonly bytesRead: number;
  /** Stops and starts the flow of rows. */
  pause(): void;
  resume(): void;
  /** Before it is used by others: undoes whatever a statement may have set. */
  settle(): Promise<void>;
  /** It will be closed instead of being used again. */
  spoil(): void;
  /** Fulfils when a KILL QUERY for the other's statement has been answered; false: it is on another server. */
  kill(other: ServerInfo): Promise<boolean>;
}

export interface ConnectionContext {
  readonly options: ResolvedMySqlOptions;
  /** Finds who can kill the statement of a connection of this server. */
  readonly kill: (server: ServerInfo, deadline: Deadline) => Promise<boolean>;
  readonly onLost: (connection: Connection) => void;
}

/** How long a cancelled statement may take to stop before its connection is given up. */
const cancelGraceMs = 5_000;
/** How long one that may be broken has to show that it is not. */
const proofTimeoutMs = 1_000;
const interrupted = 1317;

/** Makes a connection ready: asks who the server is, and sets what all statements rely on. */
export async function prepareConnection(
  driver: DriverConnection,
  context: ConnectionContext,
  deadline: Deadline,
): Promise<Connection> {
  const { redact } = context.options;
  let lost: DataSourceError | undefined;
  let isSpoiled = false;
  let isTainted = false;
  let isClosed = false;
  let heardAt = performance.now();
  let settings: Settings | undefined;
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => undefined);

  const onLost = (error: DriverError): void => {
    if (lost) return;
    lost = brokenError(error, redact);
    broken.reject(lost);
    driver.stream.destroy();
    if (!isClosed) context.onLost(connection);
  };
  driver.on("error", onLost);
  driver.on("end", () =>
    onLost(Object.assign(new Error("The server closed the connection"), { code: "PROTOCOL_CONNECTION_LOST" })),
  );

  /** What the driver answers, or that the connection broke: it does not tell its commands. */
  const whileOpen = <T>(work: Promise<T>): Promise<T> => Promise.race([work, broken.promise]);
  const destroy = (): void => onLost(Object.assign(new Error("It was given up"), { code: "ABANDONED" }));

  /** Something short: when its time is over, the connection is in doubt. */
  const ask = async (text: string, limit: Deadline): Promise<unknown[][]> => {
    if (lost) throw lost;
    try {
      const { rows, error } = await limit.race(whileOpen(say(driver, text)));
      heardAt = performance.now();
      if (!error) return rows;
      if (isRefusal(error)) throw statementError(error, { redact, deadline: limit });
      onLost(error);
      throw lost ?? error;
    } catch (error) {
      if (limit.signal.aborted) destroy();
      throw error;
    }
  };

  /** Fulfils when nothing of a KILL QUERY can hit the next statement any more. */
  const barrier = async (limit: Deadline): Promise<void> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await ask("do 0", limit);
        return;
      } catch (error) {
        const isLate = isDataSourceError(error) && error.nativeCode === String(interrupted);
        if (!isLate || attempt === 3) throw error;
      }
    }
  };

  const stop = async (outcome: Promise<Outcome>, leewayMs: number): Promise<void> => {
    if (lost || (await settles(outcome, leewayMs))) return;
    using limit = createDeadline({ timeoutMs: cancelGraceMs });
    const killed = await limit.race(context.kill(server, limit)).catch(() => false);
    // Only now: until then a server that waits for us to read must not go on.
    driver.stream.resume();
    try {
      if (!killed || !(await settles(outcome, limit.remainingMs()))) destroy();
      else await barrier(limit);
    } catch {
      destroy();
    }
  };

  const connection: Connection = {
    get server() {
      return server;
    },
    get heardAt() {
      return heardAt;
    },
    prove: async (limit) => {
      using proof = createDeadline({ timeoutMs: proofTimeoutMs, signals: [limit.signal] });
      try {
        await ask("do 0", proof);
        return true;
      } catch {
        destroy();
        return false;
      }
    },
    get isUsable() {
      return lost === undefined && !isSpoiled;
    },
    start: async (statement, wanted, sink, limit) => {
      if (lost) throw lost;
      limit.throwIfOver();
      // What was set before may have been set to something else.
      const assignments = changes(server.flavour, isTainted ? undefined : settings, wanted);
      if (statement.traces === "settings") isTainted = true;
      if (statement.traces === "unknown") isSpoiled = true;
      if (assignments.length > 0) {
        settings = undefined;
        await ask(`SET SESSION ${assignments.join(", ")}`, limit);
        settings = wanted;
      }
      limit.throwIfOver();
      const binding = { isTypedOnce: server.flavour === "mysql" };
      let isSent = false;
      const onSend = (): void => {
        isSent = true;
      };
      const outcome = whileOpen(execute(driver, statement, { ...sink, onSend }, binding)).then((ended) => {
        heardAt = performance.now();
        if (!ended.error || isRefusal(ended.error)) return ended;
        onLost(ended.error);
        throw lost ?? ended.error;
      });
      outcome.catch(() => undefined);
      return {
        outcome,
        stop: (leewayMs = 0) => stop(outcome, leewayMs),
        get isSent() {
          return isSent;
        },
      };
    },
    ask,
    get bytesRead() {
      return driver.stream.bytesRead;
    },
    pause: () => driver.stream.pause(),
    resume: () => driver.stream.resume(),
    settle: async () => {
      if (!isTainted || !connection.isUsable) return;
      using limit = createDeadline({ timeoutMs: cancelGraceMs });
      settings = undefined;
      try {
        const done = new Promise<void>((resolve, reject) =>
          driver.reset((error) => (error ? reject(error) : resolve())),
        );
        await limit.race(whileOpen(done));
        server = await greet(ask, limit);
        isTainted = false;
      } catch {
        destroy();
      }
    },
    spoil: () => {
      isSpoiled = true;
    },
    kill: async (other) => {
      if (server.place === undefined || server.place !== other.place) return false;
      using limit = createDeadline({ timeoutMs: cancelGraceMs });
      await ask(`KILL QUERY ${BigInt(other.connectionId)}`, limit);
      return true;
    },
    keepAlive: (active) => {
      if (active) driver.stream.ref();
      else driver.stream.unref();
    },
    close: (reason) => {
      if (isClosed) return;
      isClosed = true;
      context.options.onEvent({ type: "connection-closed", reason });
      if (lost) return;
      lost = new DataSourceError({ code: "CLOSED", kind: "mysql", message: "The connection is closed" });
      driver.stream.ref();
      driver.end(() => driver.stream.destroy());
    },
  };
  let server = await greet(ask, deadline);
  return connection;
}

async function settles(work: Promise<unknown>, withinMs: number): Promise<boolean> {
  using limit = createDeadline({ timeoutMs: Math.max(1, withinMs) });
  // Awaited: leaving disposes the limit.
  return await limit.race(work).then(
    () => true,
    () => !limit.signal.aborted,
  );
}
