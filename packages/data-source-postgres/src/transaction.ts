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
  type Deadline,
  innerScope,
  observed,
  type ResolvedUnitOptions,
  resolveUnitOptions,
  runUnit,
  sessionLost,
} from "@org/data-source-core/adapter";
import type { Connection } from "./connection.ts";
import { statementError, unknownOutcome } from "./error-map.ts";
import type { Outcome, Step } from "./exchange.ts";
import { commit, settingsStep } from "./guard.ts";
import { createQuery, type Engine, type Place } from "./queryable.ts";
import { withReplay } from "./replay.ts";
import { createStream } from "./stream.ts";
import { createTurns } from "./turns.ts";

const isolations: readonly IsolationLevel[] = ["read-uncommitted", "read-committed", "repeatable-read", "serializable"];
const commitTimeoutMs = 30_000;

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
    kind: "postgres",
  });
  const begin: Step = { text: beginText(options), maxRows: 0 };
  // Nothing is lost when the connection breaks here: the transaction has not begun.
  const lease = await withReplay(place, deadline, true, async (lease) => {
    const settings = settingsStep(deadline.serverTimeoutMs(), lease.connection);
    await run(engine, lease.connection, [begin, settings], deadline);
    return lease;
  }).catch((error: unknown) => {
    throw place.onError(error);
  });
  const { connection } = lease;
  const turns = createTurns(connection, "transaction");
  const inner: Place = {
    flavour: place.flavour,
    scope: innerScope(place.scope, options),
    lease: async () => turns.shared,
    guard: () => "transaction",
    statements: (readOnly) => (readOnly ? "read" : "write"),
    signals: [...signals, turns.signal],
    canReplay: false,
    onError: (error) => sessionLost(error, ["transaction"]),
  };
  try {
    const result = await work(createHandle(engine, inner));
    await turns.end();
    const aborted = signals.find((signal) => signal?.aborted);
    if (aborted) throw abortError(aborted.reason, "postgres");
    // A read has nothing to commit.
    if (!options.readOnly) await end(engine, connection);
    return result;
  } finally {
    await turns.end();
    await connection.settle();
    await lease.end();
  }
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
  if (place.flavour === "redshift") throw withoutSavepoints();
  const name = `s${(lastSavepoint += 1)}`;
  const say = async (...texts: readonly string[]): Promise<void> => {
    const { statementTimeoutMs: timeoutMs } = place.scope.defaults;
    using deadline = createDeadline({ timeoutMs, signals: [engine.lifecycle.signal], kind: "postgres" });
    const { connection } = await place.lease(deadline);
    await run(
      engine,
      connection,
      texts.map((text) => ({ text, maxRows: 0 })),
      deadline,
    );
  };
  await say(`SAVEPOINT ${name}`);
  try {
    const result = await work(createHandle(engine, place));
    await say(`RELEASE SAVEPOINT ${name}`);
    return result;
  } catch (error) {
    // If this fails too, the transaction is in its failed state, and cannot commit.
    await say(`ROLLBACK TO SAVEPOINT ${name}`, `RELEASE SAVEPOINT ${name}`).catch(() => undefined);
    throw error;
  }
}

async function end(engine: Engine, connection: Connection): Promise<void> {
  // Not the caller's deadline: a COMMIT that was cancelled half-way would have no known outcome.
  using deadline = createDeadline({ timeoutMs: commitTimeoutMs, kind: "postgres" });
  try {
    const { tag } = await run(engine, connection, [{ ...commit, isMain: true }], deadline);
    if (tag === "COMMIT") return;
  } catch (error) {
    throw isDataSourceError(error, "CONNECTION") ? unknownOutcome(error) : error;
  }
  throw new DataSourceError({
    code: "QUERY_FAILED",
    kind: "postgres",
    sqlState: "25P02",
    message: "The transaction was rolled back: a statement of it had failed, although work went on",
    hint: "Let the error pass, or put what may fail into a nested transaction().",
  });
}

async function run(
  { redact }: Engine,
  connection: Connection,
  steps: readonly Step[],
  deadline: Deadline,
): Promise<Outcome> {
  const outcome = await connection.run(steps, deadline);
  if (outcome.error) throw statementError(outcome.error, { redact, deadline });
  return outcome;
}

function beginText({ readOnly, isolation }: ResolvedUnitOptions): string {
  const level = isolation === undefined ? "" : ` ISOLATION LEVEL ${isolation.replace("-", " ").toUpperCase()}`;
  return `BEGIN${level} READ ${readOnly ? "ONLY" : "WRITE"}`;
}

function withoutSavepoints(): DataSourceError {
  return new DataSourceError({
    code: "UNSUPPORTED",
    kind: "postgres",
    message: "Redshift has no savepoints, which a transaction within a transaction needs",
    hint: "Put the statements into the outer transaction, or run one after the other.",
  });
}
