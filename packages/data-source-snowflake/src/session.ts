import { isDataSourceError, type Session, type SessionOptions } from "@org/data-source-core";
import { innerScope, observed, type ResolvedUnitOptions, resolveUnitOptions } from "@org/data-source-core/adapter";
import { createQuery, deadlineOf, type Engine, type Place } from "./queryable.ts";
import type { RunnerSettings } from "./runner.ts";
import { createStream } from "./stream.ts";
import { createInnerTransaction } from "./transaction.ts";
import { openUnit, type Unit } from "./unit.ts";

/** One session of the server for all of `work`; one that it has changed is not used again. */
export function createSession(engine: Engine, place: Place, settings: RunnerSettings) {
  return async <T>(work: (session: Session) => Promise<T>, given?: SessionOptions): Promise<T> => {
    const options = resolveUnitOptions(given, place.scope);
    return observed(engine, { name: "session" }, () =>
      inUnit(engine, place, settings, options, "session", (unit) => {
        const inner = innerPlace(place, unit, options, "session");
        return work({
          query: createQuery(engine, inner),
          stream: createStream(engine, inner),
          transaction: createInnerTransaction(engine, inner, unit),
        });
      }),
    );
  };
}

/** Opens a unit, runs `work`, and once more from its start if the session was lost and that was asked for. */
export async function inUnit<T>(
  engine: Engine,
  place: Place,
  settings: RunnerSettings,
  options: ResolvedUnitOptions,
  what: "session" | "transaction",
  work: (unit: Unit) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    let unit: Unit;
    {
      using deadline = deadlineOf(engine, place, options);
      unit = await openUnit(settings, deadline, what);
    }
    try {
      return await work(unit);
    } catch (error) {
      // A commit that may have happened is no loss to make good.
      const isLost = unit.lost !== undefined && !isDataSourceError(error, "OUTCOME_UNKNOWN");
      if (!isLost || options.replay === "never" || attempt > 1 || options.signal?.aborted) throw error;
      engine.onEvent({ type: "retry", attempt: 2, reason: "the session was lost" });
    } finally {
      await unit.end();
    }
  }
}

export function innerPlace(
  place: Place,
  unit: Unit,
  options: ResolvedUnitOptions,
  what: "session" | "transaction",
): Place {
  return {
    scope: innerScope(place.scope, options),
    run: unit.run,
    statements: (readOnly) => (readOnly ? "own-read" : what),
    signals: [...place.signals, options.signal, unit.signal],
  };
}
