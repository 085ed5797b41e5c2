import type { Session, SessionOptions } from "@org/data-source-core";
import {
  createDeadline,
  createTurnQueue,
  innerScope,
  observed,
  type ResolvedUnitOptions,
  resolveUnitOptions,
  runUnit,
  sessionLost,
} from "@org/data-source-core/adapter";
import { createQuery, type Engine, type Place } from "./queryable.ts";
import { withReplay } from "./replay.ts";
import { createStream } from "./stream.ts";
import { createTransaction } from "./transaction.ts";

/** A statement that reads a table drops the warnings of the one before; most others keep them. */
const forget = "DO LAST_INSERT_ID(0), (SELECT 1 FROM (SELECT 1) AS nothing)";

/** One connection for all of `work`; closed afterwards unless it could only read. */
export function createSession(engine: Engine, place: Place) {
  return async <T>(work: (session: Session) => Promise<T>, given?: SessionOptions): Promise<T> => {
    const options = resolveUnitOptions(given, place.scope);
    return observed(engine, { name: "session" }, () =>
      runUnit(options, engine.onEvent, () => runSession(engine, place, work, options)),
    );
  };
}

async function runSession<T>(
  engine: Engine,
  place: Place,
  work: (session: Session) => Promise<T>,
  options: ResolvedUnitOptions,
): Promise<T> {
  const signals = [...place.signals, options.signal];
  using deadline = createDeadline({
    timeoutMs: options.statementTimeoutMs,
    signals: [...signals, engine.lifecycle.signal],
    kind: "mysql",
  });
  // Whose warnings and numbers these are, nobody here may know.
  const outer = await withReplay(engine, place, deadline, async (lease) => {
    await lease.connection.ask(forget, deadline);
    return lease;
  });
  const turns = createTurnQueue("mysql", "session");
  const inner: Place = {
    scope: innerScope(place.scope, options),
    lease: async (statement) => {
      const done = await turns.take(statement);
      return { connection: outer.connection, end: async () => done() };
    },
    statements: { inSession: true, inTransaction: false },
    signals: [...signals, turns.signal],
    canReplay: false,
    onError: (error) => sessionLost(error, ["temporary tables", "settings"]),
  };
  try {
    return await work({
      query: createQuery(engine, inner),
      stream: createStream(engine, inner),
      transaction: createTransaction(engine, inner),
    });
  } finally {
    await turns.end();
    // COM_RESET_CONNECTION would leave the database that a USE has chosen.
    if (!options.readOnly) outer.connection.spoil();
    await outer.end();
  }
}
