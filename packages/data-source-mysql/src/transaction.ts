import {
  DataSourceError,
  isDataSourceError,
  type IsolationLevel,
  type Transaction,
  type TransactionOptions,
} from "@org/data-source-core";
import {
  abortError,
  createDeadline,
  createTurnQueue,
  type Deadline,
  innerScope,
  observed,
  type ResolvedUnitOptions,
  resolveUnitOptions,
  runUnit,
  sessionLost,
} from "@org/data-source-core/adapter";
import type { Connection } from "./connection.ts";
import { unknownOutcome } from "./error-map.ts";
import { createQuery, type Engine, type Lease, type Place } from "./queryable.ts";
import { withReplay } from "./replay.ts";
import { createStream } from "./stream.ts";

const isolations: readonly IsolationLevel[] = ["read-uncommitted", "read-committed", "repeatable-read", "serializable"];
const endTimeoutMs = 30_000;

/** Commits when `work` fulfils; runs it again only as `maxAttempts` and `replay` say. */
export function createTransaction(engine: Engine, place: Place) {
  return async <T>(work: (transaction: Transaction) => Promise<T>, given?: TransactionOptions): Promise<T> => {
    const options = resolveUnitOptions(given, place.scope, isolations);
    return observed(engine, { name: "transaction" }, () =>
      runUnit(options, engine.onEvent, () => runTransaction(engine, place, work, options)),
    );
  };
}

async function runTransaction<T>(
  engine: Engine,
  place: Place,
  work: (transaction: Transaction) => Promise<T>,
  options: ResolvedUnitOptions,
): Promise<T> {
  const signals = [...place.signals, options.signal];
  using deadline = createDeadline({
    timeoutMs: options.statementTimeoutMs,
    signals: [...signals, engine.lifecycle.signal],
    kind: "mysql",
  });
  const lease = await begin(engine, place, options, deadline);
  const { connection } = lease;
  const turns = createTurnQueue("mysql", "transaction");
  let over: DataSourceError | undefined;
  const inner: Place = {
    scope: innerScope(place.scope, options),
    lease: async (statement) => {
      if (over) throw ended(over);
      const done = await turns.take(statement);
      return { connection, end: async () => done() };
    },
    transaction: {
      end: (reason) => {
        over ??= reason;
      },
    },
    statements: { inSession: place.statements.inSession, inTransaction: true },
    signals: [...signals, turns.signal],
    canReplay: false,
    onError: (error) => sessionLost(error, ["transaction"]),
  };
  let isOpen = true;
  try {
    const result = await work(createHandle(engine, inner));
    await turns.end();
    if (over) throw over;
    const aborted = signals.find((signal) => signal?.aborted);
    if (aborted) throw abortError(aborted.reason, "mysql");
    await commit(connection);
    isOpen = false;
    return result;
  } catch (error) {
    throw inner.onError(error);
  } finally {
    await turns.end();
    if (isOpen) await rollBack(connection);
    await lease.end();
  }
}

/** A connection with an open transaction; what broke before there was one has done nothing. */
async function begin(
  engine: Engine,
  place: Place,
  { isolation, readOnly }: ResolvedUnitOptions,
  deadline: Deadline,
): Promise<Lease> {
  return withReplay(engine, place, deadline, async (lease) => {
    const { connection } = lease;
    try {
      if (isolation !== undefined) {
        const level = isolation.replace("-", " ").toUpperCase();
        await connection.ask(`SET TRANSACTION ISOLATION LEVEL ${level}`, deadline);
      }
      // With the mode stated, that of the session does not matter.
      await connection.ask(`START TRANSACTION READ ${readOnly ? "ONLY" : "WRITE"}`, deadline);
      return lease;
    } catch (error) {
      // The level would be that of somebody's next transaction.
      connection.spoil();
      throw error;
    }
  }).catch((error: unknown) => {
    throw place.onError(error);
  });
}

function createHandle(engine: Engine, place: Place): Transaction {
  return {
    query: createQuery(engine, place),
    stream: createStream(engine, place),
    transaction: (work) => savepoint(engine, place, work),
  };
}

let lastSavepoint = 0;

/** Back to where it began when `work` rejects; the transaction around it goes on. */
async function savepoint<T>(engine: Engine, place: Place, work: (transaction: Transaction) => Promise<T>): Promise<T> {
  const name = `s${(lastSavepoint += 1)}`;
  const say = async (text: string): Promise<void> => {
    const { statementTimeoutMs: timeoutMs } = place.scope.defaults;
    using deadline = createDeadline({ timeoutMs, signals: [engine.lifecycle.signal], kind: "mysql" });
    const lease = await place.lease(deadline);
    try {
      await lease.connection.ask(text, deadline);
    } finally {
      await lease.end();
    }
  };
  await say(`SAVEPOINT ${name}`);
  try {
    const result = await work(createHandle(engine, place));
    await say(`RELEASE SAVEPOINT ${name}`);
    return result;
  } catch (error) {
    // After a deadlock there is no savepoint any more, nor a transaction: the error says so by itself.
    await say(`ROLLBACK TO SAVEPOINT ${name}`).catch(() => undefined);
    throw error;
  }
}

/** For whoever goes on although the transaction is no more. */
function ended(cause: DataSourceError): DataSourceError {
  return new DataSourceError({
    code: "QUERY_FAILED",
    kind: "mysql",
    message: "The server has ended the transaction: nothing more can run in it",
    hint: "Let the error that ended it pass.",
    cause,
  });
}

async function commit(connection: Connection): Promise<void> {
  // Not the caller's deadline: a COMMIT that was cancelled half-way would have no known outcome.
  using deadline = createDeadline({ timeoutMs: endTimeoutMs, kind: "mysql" });
  try {
    await connection.ask("COMMIT", deadline);
  } catch (error) {
    const isKnown = isDataSourceError(error) && error.code !== "CONNECTION" && error.code !== "STATEMENT_TIMEOUT";
    throw isDataSourceError(error) && !isKnown ? unknownOutcome(error) : error;
  }
}

async function rollBack(connection: Connection): Promise<void> {
  using deadline = createDeadline({ timeoutMs: endTimeoutMs, kind: "mysql" });
  // If that fails, the server rolls back when the connection is closed.
  await connection.ask("ROLLBACK", deadline).catch(() => connection.spoil());
}
