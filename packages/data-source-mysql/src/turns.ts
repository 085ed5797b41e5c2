import { DataSourceError, isDataSourceError, SessionLostError } from "@org/data-source-core";
import type { Deadline } from "@org/data-source-core/adapter";
import type { Connection } from "./connection.ts";
import type { Lease } from "./queryable.ts";

/** One connection that the statements of a session or transaction use one after the other. */
export interface Turns {
  /** Aborted at the unit's end, for streams that nobody closed. */
  readonly signal: AbortSignal;
  lease(deadline: Deadline): Promise<Lease>;
  /** Refuses further statements, and fulfils when the one that runs has ended. */
  end(): Promise<void>;
}

export function createTurns(connection: Connection, what: "session" | "transaction"): Turns {
  const over = new AbortController();
  let last: Promise<void> = Promise.resolve();

  const take = async (deadline?: Deadline): Promise<() => void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const before = last;
    last = before.then(() => promise);
    try {
      await (deadline?.race(before) ?? before);
    } catch (error) {
      resolve();
      throw error;
    }
    return resolve;
  };
  let ended: Promise<unknown> | undefined;
  return {
    signal: over.signal,
    lease: async (deadline) => {
      if (over.signal.aborted) throw over.signal.reason;
      const done = await take(deadline);
      return { connection, end: async () => done() };
    },
    end: async () => {
      over.abort(new DataSourceError({ code: "CLOSED", kind: "mysql", message: `The ${what} is over` }));
      await (ended ??= take());
    },
  };
}

/** A session or transaction cannot go on without its connection. */
export function lost(error: unknown, what: readonly string[]): unknown {
  if (!isDataSourceError(error, "CONNECTION")) return error;
  return new SessionLostError({ kind: "mysql", message: error.message, lost: what, cause: error });
}
