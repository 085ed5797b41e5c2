import { DataSourceError, isDataSourceError, SessionLostError } from "@org/data-source-core";
import type { Deadline } from "@org/data-source-core/adapter";
import type { Connection, Lease } from "./connection.ts";

/** One connection that the statements of a session or transaction use one after the other. */
export interface Turns {
  /** Aborted at the unit's end, for streams that nobody closed. */
  readonly signal: AbortSignal;
  /** The connection for a whole statement, given back outside of any transaction. */
  lease(deadline: Deadline): Promise<Lease>;
  /** The connection for one exchange at a time: in a transaction, a stream leaves room for other statements. */
  readonly shared: Lease;
  /** Refuses further statements, and fulfils when the one that runs has ended. */
  end(): Promise<void>;
}

export function createTurns(connection: Connection, what: "session" | "transaction"): Turns {
  const over = new AbortController();
  let last: Promise<void> = Promise.resolve();
  let ended: Promise<unknown> | undefined;

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
  const takeIfOpen = async (deadline: Deadline): Promise<() => void> => {
    if (over.signal.aborted) throw over.signal.reason;
    return take(deadline);
  };
  return {
    signal: over.signal,
    lease: async (deadline) => {
      const done = await takeIfOpen(deadline);
      return { connection, end: () => Promise.resolve(connection.settle()).finally(done) };
    },
    shared: {
      connection: {
        ...connection,
        run: async (steps, deadline) => {
          const done = await takeIfOpen(deadline);
          return connection.run(steps, deadline).finally(done);
        },
      },
      end: () => undefined,
    },
    end: async () => {
      over.abort(new DataSourceError({ code: "CLOSED", kind: "postgres", message: `The ${what} is over` }));
      await (ended ??= take());
    },
  };
}

/** A session or transaction cannot go on without its connection. */
export function lost(error: unknown, what: readonly string[]): unknown {
  if (!isDataSourceError(error, "CONNECTION")) return error;
  return new SessionLostError({ kind: "postgres", message: error.message, lost: what, cause: error });
}
