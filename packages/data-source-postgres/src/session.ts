import { DataSourceError, type Session, type SessionOptions } from "@org/data-source-core";
import {
  createDeadline,
  innerScope,
  observed,
  type ResolvedUnitOptions,
  resolveUnitOptions,
  runUnit,
  sessionLost,
} from "@org/data-source-core/adapter";
import { createQuery, type Engine, type Place } from "./queryable.ts";
import { createStream } from "./stream.ts";
import { createTransaction } from "./transaction.ts";
import { createTurns } from "./turns.ts";

/** One connection for all of `work`; afterwards DISCARD ALL, or the connection is closed. */
export function createSession(engine: Engine, place: Place, isSupported: boolean) {
  return async <T>(work: (session: Session) => Promise<T>, given?: SessionOptions): Promise<T> => {
    const options = resolveUnitOptions(given, place.scope);
    return observed(engine, { name: "session" }, async () => {
      if (!isSupported) throw unsupported();
      return runUnit(options, engine.onEvent, () => runSession(engine, place, work, options));
    });
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
    kind: "postgres",
  });
  const outer = await place.lease(deadline);
  const turns = createTurns(outer.connection, "session");
  const inner: Place = {
    flavour: place.flavour,
    scope: innerScope(place.scope, options),
    lease: turns.lease,
    guard: (readOnly) => (readOnly ? "read" : "write"),
    statements: (readOnly) => (readOnly ? "read" : "session"),
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
    outer.connection.taint();
    await outer.end();
  }
}

function unsupported(): DataSourceError {
  return new DataSourceError({
    code: "UNSUPPORTED",
    kind: "postgres",
    message: "A session needs a connection of its own, which a transaction pooler does not give",
    hint: "Use transaction(), or connect to the server directly.",
  });
}
