import { DataSourceError, type EventListener } from "@org/data-source-core";
import { type Redactor } from "@org/data-source-core/adapter";
import type { Connections, Lease } from "./connection.ts";
import type { RowStatement } from "./driver.ts";
import { toDataSourceError, unknownOutcome } from "./error-map.ts";
import { execute, type StatementCall, StatementFailure } from "./execute.ts";
import { expiryOf } from "./expiry.ts";
import { sessionEffect } from "./read-only.ts";
import { awaitOutcome } from "./outcome.ts";

/** What is done with a started statement. It must release the lease, at the latest when the rows have been read. */
export type Use<T> = (statement: RowStatement, lease: Lease) => Promise<T>;

/** Runs statements, wherever that is. Rejects with a DataSourceError. */
export type Run = <T>(call: StatementCall, use: Use<T>) => Promise<T>;

export interface RunnerSettings {
  readonly connections: Connections;
  /** False: a given connection, which nothing can replace. */
  readonly canReconnect: boolean;
  readonly redact: Redactor;
  readonly onEvent: EventListener;
}

/**
 * Runs a statement on the shared session. When that session's authentication has expired, it runs once more on the
 * fresh one: always if it reads, and if it writes only when the server had never accepted it.
 */
export function createRunner(settings: RunnerSettings): Run {
  const { connections, canReconnect, redact, onEvent } = settings;
  /** A write that may change its session, such as a CALL, has one that nobody gets after it. */
  const lease = async ({ text, isWrite, deadline }: StatementCall): Promise<Lease> => {
    if (!isWrite || sessionEffect(text) === undefined) return connections.shared(deadline);
    const own = await connections.exclusive(deadline);
    return { ...own, release: () => own.release({ discard: true }) };
  };
  return async (call, use) => {
    const fail = (error: unknown): DataSourceError => failureError(error, call, redact);
    const first = await lease(call);
    let failure: StatementFailure;
    try {
      return await attempt(first, call, use);
    } catch (error) {
      if (!canReconnect || !isExpired(error)) throw fail(error);
      failure = error;
    }
    // Only one of those whose statements failed replaces the session: afterwards it is no longer the current one.
    first.expire();
    first.release();
    onEvent({ type: "retry", attempt: 2, reason: "the session's authentication had expired" });
    if (call.isWrite && failure.mayHaveRun) return followUp(settings, call, use, failure).catch(rethrow(fail));
    const second = await lease(call);
    try {
      return await attempt(second, call, use);
    } catch (error) {
      if (!isExpired(error)) throw fail(error);
      second.expire();
      second.release();
      if (call.isWrite && error.mayHaveRun) return followUp(settings, call, use, error).catch(rethrow(fail));
      throw expiredAgain(fail(error));
    }
  };
}

export function isExpired(error: unknown): error is StatementFailure {
  return error instanceof StatementFailure && expiryOf(error.native) !== undefined;
}

/** The error of a call: the driver's in the contract's terms. */
export function failureError(
  error: unknown,
  call: Pick<StatementCall, "text" | "deadline">,
  redact: Redactor,
): DataSourceError {
  const failure = error instanceof StatementFailure ? error : undefined;
  const mapped = toDataSourceError(failure?.native ?? error, { redact, text: call.text, queryId: failure?.queryId });
  // The server's own timer and ours run out together.
  if (mapped.code === "CANCELLED" && call.deadline.signal.aborted)
    return call.deadline.signal.reason as DataSourceError;
  return mapped;
}

async function attempt<T>(lease: Lease, call: StatementCall, use: Use<T>): Promise<T> {
  try {
    return await use(await execute(lease.connection, call), lease);
  } catch (error) {
    if (!isExpired(error)) lease.release();
    throw error;
  }
}

async function followUp<T>(
  { connections }: RunnerSettings,
  call: StatementCall,
  use: Use<T>,
  { queryId, native }: StatementFailure,
): Promise<T> {
  if (queryId === undefined) throw unknownOutcome(undefined, "its request was repeated", native);
  let lease: Lease;
  try {
    lease = await connections.shared(call.deadline);
  } catch (error) {
    throw unknownOutcome(queryId, "no new session could be opened to ask", error);
  }
  try {
    return await use(await awaitOutcome(lease.connection, queryId, call), lease);
  } catch (error) {
    lease.release();
    throw error;
  }
}

function rethrow(fail: (error: unknown) => DataSourceError): (error: unknown) => never {
  return (error) => {
    throw fail(error);
  };
}

function expiredAgain(error: DataSourceError): DataSourceError {
  const { code, sqlState, nativeCode, queryId } = error;
  return new DataSourceError({
    code,
    kind: "snowflake",
    message: `The new session's authentication had expired as well: ${error.message}`,
    sqlState,
    nativeCode,
    queryId,
    hint: "Its credentials, or the connection that connectionFactory gave, are no longer valid. The next call tries again.",
    cause: error.cause,
  });
}
