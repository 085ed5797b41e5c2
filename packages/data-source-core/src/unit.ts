import type { ResolvedUnitOptions } from "./call-options.ts";
import type { DataSourceKind } from "./data-source.ts";
import type { Deadline } from "./deadline.ts";
import { DataSourceError, isDataSourceError, SessionLostError } from "./errors.ts";
import type { EventListener } from "./events.ts";

/** The statements of a session or transaction, one after the other on its one connection. */
export interface TurnQueue {
  /** Aborted at the unit's end, for streams that nobody closed. */
  readonly signal: AbortSignal;
  /** Fulfils when those before are done, with what to call when this one is. Rejects once the unit is over. */
  take(deadline: Deadline): Promise<() => void>;
  /** Refuses further statements, and fulfils when the last one is done. */
  end(): Promise<void>;
}

/** Turns of a unit that begins now. */
export function createTurnQueue(kind: DataSourceKind, what: "session" | "transaction"): TurnQueue {
  const over = new AbortController();
  let last: Promise<void> = Promise.resolve();
  return {
    signal: over.signal,
    take: async (deadline) => {
      if (over.signal.aborted) throw over.signal.reason;
      const { promise, resolve } = Promise.withResolvers<void>();
      const before = last;
      last = before.then(() => promise);
      try {
        await deadline.race(before);
      } catch (error) {
        resolve();
        throw error;
      }
      return resolve;
    },
    end: async () => {
      over.abort(new DataSourceError({ code: "CLOSED", kind, message: `The ${what} is over` }));
      await last;
    },
  };
}

/** A session or transaction cannot go on without its connection: names what is lost with it. */
export function sessionLost(error: unknown, lost: readonly string[]): unknown {
  if (!isDataSourceError(error, "CONNECTION")) return error;
  return new SessionLostError({ kind: error.kind, message: error.message, lost, cause: error });
}

/** Runs a unit whole, and again as its options ask: after conflicts up to `maxAttempts`, and once after a lost session. */
export async function runUnit<T>(
  { maxAttempts, replay }: ResolvedUnitOptions,
  onEvent: EventListener,
  run: () => Promise<T>,
): Promise<T> {
  let mayReplay = replay === "whole";
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run();
    } catch (error) {
      const isConflict = isDataSourceError(error, "CONFLICT") && attempt < maxAttempts;
      const isLost = isDataSourceError(error, "SESSION_LOST") && mayReplay;
      if (!isConflict && !isLost) throw error;
      mayReplay &&= !isLost;
      onEvent({ type: "retry", attempt: attempt + 1, reason: isConflict ? "conflict" : "session lost" });
    }
  }
}
