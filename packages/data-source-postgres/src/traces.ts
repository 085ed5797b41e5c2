import type { Classification, Statement } from "@org/data-source-core/adapter";
import type { Flavour } from "./options.ts";
import { calledLike } from "./read-only.ts";

const words = (list: string): ReadonlySet<string> => new Set(list.split(" "));

/** They change the connection outside of its transaction: a ROLLBACK leaves it as it is. */
const lasting = /^(?:PG_(?:TRY_)?ADVISORY_(?:UN)?LOCK\w*|PG_REPLICATION_ORIGIN_SESSION_\w+)$/;
/** As does this one, if the transaction commits. */
const kept = /^SET_CONFIG$/;
/** They run code that can do anything. */
const code = words("DO CALL");
/** As writes, they are there for what they call. */
const queries = words("SELECT VALUES TABLE EXPLAIN");
const temporary = words("TEMP TEMPORARY PG_TEMP");

/**
 * Whether a statement that is outside of any session may leave something on its connection: a lock, a setting, a
 * temporary table. A function that an INSERT calls is not looked into.
 */
export function leavesTraces(
  { statements: [statement], irregular }: Classification,
  readOnly: boolean,
  flavour: Flavour = "postgres",
): boolean {
  if (!statement) return false;
  if (calledLike(statement, lasting) !== undefined) return true;
  if (irregular !== undefined) return true;
  if (readOnly) return false;
  const { verb, calls } = statement;
  const runsCode = code.has(verb) || (queries.has(verb) && calls.size > 0);
  // On Redshift, CREATE TABLE #x makes a temporary table.
  const isHashed = flavour === "redshift" && statement.tokens.some(({ text }) => text === "#");
  return runsCode || isHashed || calledLike(statement, kept) !== undefined || isTemporary(statement);
}

function isTemporary({ tokens }: Statement): boolean {
  return tokens.some(({ kind, text }) => (kind === "word" || kind === "quoted") && temporary.has(text.toUpperCase()));
}
