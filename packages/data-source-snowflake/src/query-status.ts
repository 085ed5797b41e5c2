import { type StatementOptions, ValidationError } from "@org/data-source-core";
import { observed, resolveStatementOptions } from "@org/data-source-core/adapter";
import { askStatus } from "./outcome.ts";
import { deadlineOf, type Engine, type Place } from "./queryable.ts";
import { failureError, isExpired, type RunnerSettings } from "./runner.ts";

/** Of `queryStatus`. */
export type QueryStatusOptions = Pick<StatementOptions, "signal" | "statementTimeoutMs">;

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Heals like a read. */
export function createQueryStatus(
  engine: Engine,
  place: Place,
  { connections, canReconnect, redact, onEvent }: RunnerSettings,
) {
  return async (queryId: string, given?: QueryStatusOptions): Promise<string> => {
    if (typeof queryId !== "string" || !uuid.test(queryId)) {
      throw new ValidationError("queryId must be the id that Snowflake gave a statement, a UUID", "queryId");
    }
    const options = resolveStatementOptions(given, place.scope, ["signal", "statementTimeoutMs"]);
    return observed(engine, { name: "queryStatus" }, async () => {
      using deadline = deadlineOf(engine, place, options);
      for (let attempt = 1; ; attempt += 1) {
        const lease = await connections.shared(deadline);
        try {
          return await deadline.race(askStatus(lease.connection, queryId));
        } catch (error) {
          if (isExpired(error)) lease.expire();
          if (!isExpired(error) || !canReconnect || attempt > 1)
            throw failureError(error, { text: "", deadline }, redact);
          onEvent({ type: "retry", attempt: 2, reason: "the session's authentication had expired" });
        } finally {
          lease.release();
        }
      }
    });
  };
}
