import { isDataSourceError } from "@org/data-source-core";
import type { Deadline } from "@org/data-source-core/adapter";
import type { Connection } from "./connection.ts";
import { isUnsent } from "./lease.ts";
import { unknownOutcome } from "./error-map.ts";
import type { Outcome, Step } from "./exchange.ts";
import { begin, commit, type Guard, rollback, settingsStep } from "./guard.ts";

/**
 * One guarded statement on Redshift, which limits the rows of a **named** portal only, and refuses every other
 * statement while that has rows left ("Invalid protocol sequence 'P' while in PortalSuspended state"): it is closed
 * behind its rows, and the transaction ends in an exchange of its own.
 */
export async function runInPortal(
  connection: Connection,
  guard: Guard,
  main: Step,
  deadline: Deadline,
  readOnly: boolean,
): Promise<Outcome> {
  const settings = guard === "none" ? [] : [settingsStep(deadline.serverTimeoutMs(), connection)];
  const steps = [...begin(guard), ...settings, { ...main, portal: "q", closes: true }];
  try {
    const outcome = await connection.run(steps, deadline);
    if (outcome.error || (guard !== "read" && guard !== "write")) return outcome;
    const { error } = await connection.run([guard === "read" ? rollback : commit], deadline);
    return error ? { ...outcome, error } : outcome;
  } catch (error) {
    const isUnknown = !readOnly && guard !== "transaction" && isDataSourceError(error, "CONNECTION");
    throw isUnknown && !isUnsent(error) ? unknownOutcome(error) : error;
  }
}
