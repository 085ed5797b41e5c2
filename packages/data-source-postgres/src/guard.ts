import { constantStep, type Step } from "./exchange.ts";
import type { Flavour } from "./options.ts";

/**
 * What surrounds a statement. `read` and `write`: a transaction of its own. `transaction`: one is open already.
 * `none`: nothing, for statements that refuse a transaction.
 */
export type Guard = "read" | "write" | "transaction" | "none";

/**
 * None of these is ever kept prepared. A function may deallocate any name and give it to another statement: the next
 * caller's BEGIN READ ONLY would be that one, and a COMMIT that is gone would undo the statement before it.
 */
const beginRead = constantStep("BEGIN READ ONLY");
const beginWrite = constantStep("BEGIN READ WRITE");
export const commit: Step = constantStep("COMMIT");
/**
 * A read has nothing to keep, and the end by ROLLBACK undoes what a function in it may have changed on the connection
 * (set_config, however well hidden) before another caller gets it.
 */
export const rollback: Step = constantStep("ROLLBACK");

/** Undoes what a session, or a statement, may have left on its connection. */
export const discardAll: Step = { text: "DISCARD ALL", maxRows: 0, prepared: "forget" };

/** What opens the guard's transaction, if it has one of its own. */
export function begin(guard: Guard): Step[] {
  if (guard === "read") return [beginRead];
  return guard === "write" ? [beginWrite] : [];
}

/** The steps of one exchange that runs `main` under a guard. */
export function guarded(guard: Exclude<Guard, "none">, main: Step, settings: Step): Step[] {
  if (guard === "read") return [beginRead, settings, main, rollback];
  return guard === "write" ? [beginWrite, settings, main, commit] : [settings, main];
}

/** The longest that the server's integer of milliseconds can say: 24 days. */
const longestTimeoutMs = 2 ** 31 - 1;

/**
 * The settings that hold up to the end of the transaction. Always a query, never SET LOCAL: only after a query does the
 * server refuse SET TRANSACTION READ WRITE.
 */
export function settingsStep(
  timeoutMs: number | undefined,
  { parameters, flavour }: { readonly parameters: ReadonlyMap<string, string>; readonly flavour: Flavour },
): Step {
  const timeout = String(Math.min(timeoutMs ?? 0, longestTimeoutMs));
  return { text: settingsText(parameters, flavour), values: [timeout], maxRows: 0, prepared: "keep" };
}

const timeoutOnly = "select set_config('statement_timeout', $1, true)";

/** Where the server's defaults are others, values and SQL would not read as the type map and the classifier do. */
function settingsText(parameters: ReadonlyMap<string, string>, flavour: Flavour): string {
  let text = timeoutOnly;
  const dateStyle = parameters.get("DateStyle");
  if (dateStyle !== undefined && !dateStyle.startsWith("ISO")) text += ", set_config('datestyle', 'ISO', true)";
  // Redshift rounds floats unless it is told not to, and knows no other reading of a backslash than its own.
  if (flavour === "redshift") return `${text}, set_config('extra_float_digits', '2', true)`;
  if (parameters.get("standard_conforming_strings") === "off") {
    text += ", set_config('standard_conforming_strings', 'on', true)";
  }
  return text;
}
