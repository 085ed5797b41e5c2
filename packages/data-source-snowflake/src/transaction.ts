import {
  DataSourceError,
  isDataSourceError,
  SessionLostError,
  type Transaction,
  type TransactionOptions,
} from "@org/data-source-core";
import { createDeadline, observed, type ResolvedUnitOptions, resolveUnitOptions } from "@org/data-source-core/adapter";
import type { RowStatement } from "./driver.ts";
import { toDataSourceError, unknownOutcome } from "./error-map.ts";
import type { StatementCall } from "./execute.ts";
import { awaitOutcome } from "./outcome.ts";
import { createQuery, deadlineOf, type Engine, type Place, toCall } from "./queryable.ts";
import type { RunnerSettings } from "./runner.ts";
import { inUnit, innerPlace } from "./session.ts";
import { createStream } from "./stream.ts";
import type { Unit } from "./unit.ts";

const isolations = ["read-committed"] as const;
const rollbackTimeoutMs = 10_000;

export function createTransaction(engine: Engine, place: Place, settings: RunnerSettings) {
  return async <T>(work: (transaction: Transaction) => Promise<T>, given?: TransactionOptions): Promise<T> => {
    const options = resolveUnitOptions(given, place.scope, isolations);
    return observed(engine, { name: "transaction" }, async () => {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await inUnit(engine, place, settings, options, "transaction", (unit) =>
            transact(engine, innerPlace(place, unit, options, "transaction"), unit, options, work, settings),
          );
        } catch (error) {
          if (attempt >= options.maxAttempts || !isDataSourceError(error, "CONFLICT")) throw error;
          engine.onEvent({ type: "retry", attempt: attempt + 1, reason: "conflict" });
        }
      }
    });
  };
}

/** A transaction inside a session: on the session's own connection, and lost with it. */
export function createInnerTransaction(engine: Engine, place: Place, unit: Unit) {
  return async <T>(
    work: (transaction: Transaction) => Promise<T>,
    given?: Omit<TransactionOptions, "readOnly">,
  ): Promise<T> => {
    const options = resolveUnitOptions(given, place.scope, isolations);
    return observed(engine, { name: "transaction" }, () =>
      transact(engine, innerPlace(place, unit, options, "transaction"), unit, options, work),
    );
  };
}

async function transact<T>(
  engine: Engine,
  place: Place,
  unit: Unit,
  options: ResolvedUnitOptions,
  work: (transaction: Transaction) => Promise<T>,
  settings?: RunnerSettings,
): Promise<T> {
  const over = new AbortController();
  const inner: Place = { ...place, signals: [...place.signals, over.signal] };
  const finish = (): void =>
    over.abort(new DataSourceError({ code: "CLOSED", kind: "snowflake", message: "The transaction is over" }));
  {
    using deadline = deadlineOf(engine, place, options);
    await send(unit, "begin", deadline);
  }
  const release = unit.hold("the open transaction");
  try {
    const value = await work({
      query: createQuery(engine, inner),
      stream: createStream(engine, inner),
      transaction: () => Promise.reject(noSavepoints()),
    });
    finish();
    using deadline = deadlineOf(engine, { ...place, signals: [] }, { ...options, signal: undefined });
    await commit(unit, deadline, settings);
    return value;
  } catch (error) {
    finish();
    await rollback(unit);
    throw error;
  } finally {
    release();
  }
}

/**
 * A commit that the server refused outright has rolled back with its session. One that it had accepted may have
 * happened: the fresh session is asked.
 */
async function commit(
  unit: Unit,
  deadline: StatementCall["deadline"],
  settings: RunnerSettings | undefined,
): Promise<void> {
  try {
    await send(unit, "commit", deadline);
  } catch (error) {
    if (isDataSourceError(error, "CONNECTION")) throw unknownOutcome(error.queryId, "its commit was under way", error);
    if (!(error instanceof SessionLostError) || error.queryId === undefined) throw error;
    if (settings === undefined) throw unknownOutcome(error.queryId, "its commit was under way", error);
    await askCommit(error.queryId, deadline, settings, error);
  }
}

async function askCommit(
  queryId: string,
  deadline: StatementCall["deadline"],
  { connections, redact }: RunnerSettings,
  lost: SessionLostError,
): Promise<void> {
  let lease;
  try {
    lease = await connections.shared(deadline);
  } catch (error) {
    throw unknownOutcome(queryId, "no new session could be opened to ask about its commit", error);
  }
  try {
    await awaitOutcome(lease.connection, queryId, callOf("commit", deadline));
  } catch (error) {
    const mapped = toDataSourceError(error, { redact });
    throw mapped.code === "OUTCOME_UNKNOWN" ? mapped : lost;
  } finally {
    lease.release();
  }
}

/** Outside of the caller's signals: whatever happened, the transaction must not stay open. */
async function rollback(unit: Unit): Promise<void> {
  if (unit.lost) return;
  using limit = createDeadline({ timeoutMs: rollbackTimeoutMs, kind: "snowflake" });
  await send(unit, "rollback", limit).catch(() => unit.spoil());
}

function send(unit: Unit, text: string, deadline: StatementCall["deadline"]): Promise<RowStatement> {
  return unit.run(callOf(text, deadline), async (statement, lease) => {
    lease.release();
    return statement;
  });
}

function callOf(text: string, deadline: StatementCall["deadline"]): StatementCall {
  const options = { queryTags: undefined, readOnly: false };
  return toCall({ text, params: [], rowMode: "array" }, options, deadline, Infinity);
}

function noSavepoints(): DataSourceError {
  return new DataSourceError({
    code: "UNSUPPORTED",
    kind: "snowflake",
    message: "A transaction inside a transaction needs savepoints, which Snowflake does not have",
  });
}
