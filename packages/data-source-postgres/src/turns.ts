import { createTurnQueue, type Deadline } from "@org/data-source-core/adapter";
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
  const { signal, take, end } = createTurnQueue("postgres", what);
  return {
    signal,
    end,
    lease: async (deadline) => {
      const done = await take(deadline);
      return { connection, end: () => Promise.resolve(connection.settle()).finally(done) };
    },
    shared: {
      connection: {
        ...connection,
        run: async (steps, deadline) => {
          const done = await take(deadline);
          return connection.run(steps, deadline).finally(done);
        },
      },
      end: () => undefined,
    },
  };
}
