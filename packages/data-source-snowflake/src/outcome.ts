import { createDeadline, type Deadline } from "@org/data-source-core/adapter";
import type { Connection, RowStatement } from "./driver.ts";
import { unknownOutcome } from "./error-map.ts";
import { fetchResult, type StatementCall, StatementFailure } from "./execute.ts";
import { expiryOf } from "./expiry.ts";

const running = new Set(
  "RUNNING QUEUED RESUMING_WAREHOUSE QUEUED_REPARING_WAREHOUSE BLOCKED ABORTING RESTARTED".split(" "),
);
const final = new Set(["SUCCESS", "FAILED_WITH_ERROR", "FAILED_WITH_INCIDENT", "ABORTED"]);
/** The service may not know a statement yet that it has just accepted. */
const unknownTries = 5;
const firstPauseMs = 50;
const longestPauseMs = 2_000;

/**
 * What became of a write that the server had accepted when its session ended: its result, or its own error. Rejects
 * with OUTCOME_UNKNOWN when that cannot be decided before the deadline.
 */
export async function awaitOutcome(
  connection: Connection,
  queryId: string,
  call: StatementCall,
): Promise<RowStatement> {
  const { deadline } = call;
  let unknown = 0;
  try {
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      const status = await deadline.race(askStatus(connection, queryId));
      if (final.has(status)) break;
      if (!running.has(status)) unknown += 1;
      if (unknown >= unknownTries) throw unknownOutcome(queryId, `its status is ${status}`, undefined);
      await pause(pauseMs, deadline);
    }
  } catch (error) {
    throw unknownOutcome(
      queryId,
      "its status could not be read",
      error instanceof StatementFailure ? error.native : error,
    );
  }
  return fetchResult(connection, queryId, call);
}

/** The driver's status request does not renew an expired session token; a heartbeat does. */
export async function askStatus(connection: Connection, queryId: string): Promise<string> {
  const ask = (): Promise<string> => {
    // On a connection that the driver has given up it would throw a TypeError.
    if (!connection.isUp())
      throw new StatementFailure({ code: 407002, message: "The connection is closed" }, undefined, false);
    return connection.getQueryStatus(queryId);
  };
  try {
    return await ask();
  } catch (error) {
    if (String((error as { code?: unknown }).code) !== "390112") throw toFailure(error);
    if (!(await connection.isValidAsync())) {
      throw new StatementFailure(
        { code: 407002, message: "The session could not be renewed", cause: error },
        undefined,
        false,
      );
    }
    return await ask().catch((again: unknown) => {
      throw toFailure(again);
    });
  }
}

function toFailure(error: unknown): unknown {
  return expiryOf(error) === undefined ? error : new StatementFailure(error, undefined, false);
}

async function pause(ms: number, deadline: Deadline): Promise<void> {
  using wait = createDeadline({ timeoutMs: ms, signals: [deadline.signal] });
  await wait.race(new Promise(() => undefined)).catch(() => undefined);
  deadline.throwIfOver();
}
