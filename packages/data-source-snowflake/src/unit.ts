import { SessionLostError } from "@org/data-source-core";
import { createTurnQueue, type Deadline } from "@org/data-source-core/adapter";
import type { Lease } from "./connection.ts";
import { execute, type StatementCall, type StatementFailure } from "./execute.ts";
import { sessionEffect } from "./read-only.ts";
import { failureError, isExpired, type Run, type RunnerSettings, type Use } from "./runner.ts";

/** A session of its own, on which the statements of a session or transaction run one after the other. */
export interface Unit {
  readonly run: Run;
  /** Aborted at the unit's end, for streams that nobody closed. */
  readonly signal: AbortSignal;
  /** Set once its session is gone: nothing of it can go on. */
  readonly lost: SessionLostError | undefined;
  /** Notes what would be lost with the session; the function it returns takes the note back. */
  hold(what: string): () => void;
  /** Its session is in doubt: nobody else gets it. */
  spoil(): void;
  /** Refuses further statements, waits for the one that runs, and gives the session back. */
  end(): Promise<void>;
}

export async function openUnit(
  settings: RunnerSettings,
  deadline: Deadline,
  what: "session" | "transaction",
): Promise<Unit> {
  const { connections, canReconnect, redact, onEvent } = settings;
  const turns = createTurnQueue("snowflake", what);
  const held: string[] = [];
  let lease = await connections.exclusive(deadline);
  let lost: SessionLostError | undefined;
  let isChanged = false;
  let hasRun = false;

  /** Nothing has run yet, so nothing is lost: the first statement runs again, on a fresh session. */
  const begin = async <T>(call: StatementCall, use: Use<T>): Promise<T> => {
    try {
      return await attempt(lease, call, use);
    } catch (error) {
      if (hasRun || !canReconnect || !isExpired(error) || (call.isWrite && error.mayHaveRun)) throw error;
      lease.expire();
      lease.release();
      onEvent({ type: "retry", attempt: 2, reason: "the session's authentication had expired" });
      lease = await connections.exclusive(call.deadline);
      return attempt(lease, call, use);
    }
  };

  const run: Run = async (call, use) => {
    const done = await turns.take(call.deadline);
    // The unit keeps the session. A stream leaves room for other statements: the server has run its statement.
    const own = (of: Lease): Lease => ({ ...of, release: () => undefined });
    try {
      if (lost) throw lost;
      const effect = sessionEffect(call.text);
      return await begin(call, (statement, of) => {
        hasRun = true;
        if (effect !== undefined) {
          isChanged = true;
          held.push(effect);
        }
        return use(statement, own(of));
      });
    } catch (error) {
      if (!isExpired(error)) throw failureError(error, call, redact);
      lease.expire();
      throw (lost = lostError(error, call, held, what, settings));
    } finally {
      done();
    }
  };

  return {
    run,
    signal: turns.signal,
    get lost() {
      return lost;
    },
    hold: (of) => {
      held.push(of);
      return () => void held.splice(held.indexOf(of), 1);
    },
    spoil: () => {
      isChanged = true;
    },
    end: async () => {
      await turns.end();
      lease.release({ discard: isChanged });
    },
  };
}

async function attempt<T>(lease: Lease, call: StatementCall, use: Use<T>): Promise<T> {
  return use(await execute(lease.connection, call), lease);
}

function lostError(
  failure: StatementFailure,
  call: StatementCall,
  held: readonly string[],
  what: string,
  { redact }: RunnerSettings,
): SessionLostError {
  const { message, sqlState, nativeCode, cause, queryId } = failureError(failure, call, redact);
  const lost = [...new Set(held)];
  const wrote = call.isWrite && failure.mayHaveRun ? "; the statement that ran may or may not have finished" : "";
  return new SessionLostError({
    kind: "snowflake",
    message: `The ${what}'s authentication expired${lost.length > 0 ? `, and with it ${lost.join(", ")}` : ""}${wrote}: ${message}`,
    sqlState,
    nativeCode,
    queryId,
    hint: 'Run the whole unit again, or let replay: "whole" do so if it is safe to run twice.',
    lost,
    cause,
  });
}
