import { DataSourceError, ValidationError } from "@org/data-source-core";
import {
  type Classification,
  type Classifier,
  createClassifier,
  lexicalRules,
  type Statement,
} from "@org/data-source-core/adapter";

/** Where a statement runs, which decides what it may say. */
export interface StatementScope {
  readonly readOnly: boolean;
  /** The connection is the caller's own until the session's end. */
  readonly inSession: boolean;
  readonly inTransaction: boolean;
}

export const classify: Classifier = createClassifier(lexicalRules.mysql);

const words = (list: string): ReadonlySet<string> => new Set(list.split(" "));

/** What a read may begin with. The server stops writes; this is for what its read-only session lets through. */
const readVerbs = words("SELECT WITH VALUES TABLE SHOW DESCRIBE DESC EXPLAIN ANALYZE HELP");
const transactionVerbs = words("BEGIN START COMMIT END ROLLBACK SAVEPOINT RELEASE XA");
/** They change the connection for whoever gets it next. */
const sessionVerbs = words("SET USE PREPARE EXECUTE DEALLOCATE LOCK UNLOCK HANDLER");
/** They commit what the transaction has done so far; of CREATE and DROP all but those of temporary tables. */
const committingVerbs = words(
  "ALTER ANALYZE CACHE CHANGE CHECK CREATE DROP FLUSH GRANT IMPORT INSTALL LOCK OPTIMIZE PURGE RENAME REPAIR RESET REVOKE SET STOP TRUNCATE UNINSTALL UNLOCK",
);
const locks = words("GET_LOCK RELEASE_LOCK RELEASE_ALL_LOCKS");
/** They act on something else than this statement's rows, and need more than SELECT to be denied. */
const outside = words(
  "LOAD_FILE NEXTVAL SETVAL SYS_EXEC SYS_EVAL SYS_SET MASTER_POS_WAIT SOURCE_POS_WAIT MASTER_GTID_WAIT WAIT_FOR_EXECUTED_GTID_SET WAIT_UNTIL_SQL_THREAD_AFTER_GTIDS",
);

/** Refuses what the server would not, by tokens. More than one statement never gets to it: they are prepared. */
export function checkStatement(text: string, scope: StatementScope): void {
  const classification = classify(text);
  const [statement] = classification.statements;
  if (statement === undefined) throw new ValidationError("text must hold a statement, not only comments", "text");
  const { first } = statement;
  if (transactionVerbs.has(first)) {
    throw misplaced(scope, `${first} would begin or end a transaction behind our back`, "Use transaction().");
  }
  if (scope.readOnly) checkRead(classification, statement);
  if (scope.inTransaction) checkInTransaction(classification, statement);
  if (!scope.inSession) checkPooled(scope, statement);
}

function checkRead(classification: Classification, statement: Statement): void {
  const { first, tokens } = statement;
  checkRegular(classification, refusal);
  // The server takes one only: if it runs this, it sees other tokens.
  if (classification.statements.length > 1) throw refusal("It is more than one statement");
  if (!readVerbs.has(first) || (first === "WITH" && !readVerbs.has(statement.verb))) {
    throw refusal(`${first || "This statement"} is not a read`, writeHint);
  }
  // ANALYZE SELECT is MariaDB's EXPLAIN ANALYZE; ANALYZE TABLE writes statistics.
  if (first === "ANALYZE" && !tokens.slice(1).some((token) => token.kind === "word" && token.text === "SELECT")) {
    throw refusal("ANALYZE is a read only of a SELECT", writeHint);
  }
  if (first === "ANALYZE" && statement.words.has("TABLE")) throw refusal("ANALYZE TABLE writes statistics", writeHint);
  if (statement.words.has("INTO")) throw refusal("INTO writes to a file or variable", writeHint);
  if (isLocking(statement))
    throw refusal("A locking read (FOR UPDATE, FOR SHARE, LOCK IN SHARE MODE) is a write", writeHint);
  if (assigns(statement)) throw refusal(":= sets a variable of the connection, which others use as well", writeHint);
  for (const name of statement.calls) {
    if (outside.has(name) || locks.has(name)) throw refusal(`${name}() acts outside of this statement`, writeHint);
  }
}

/** What cannot be judged by its tokens, since the server may see others. */
function checkRegular({ irregular, executableComment }: Classification, fail: (message: string) => Error): void {
  if (irregular !== undefined) throw fail(`Its text is irregular: ${irregular}`);
  if (executableComment) throw fail("An executable comment (/*! … */) says different things to different servers");
}

function checkInTransaction(classification: Classification, { first, words }: Statement): void {
  const fail = (message: string): Error => new ValidationError(message, "text", { kind: "mysql" });
  checkRegular(classification, fail);
  if (!committingVerbs.has(first)) return;
  if ((first === "CREATE" || first === "DROP") && words.has("TEMPORARY")) return;
  // `set @a = 1` and a few settings would be harmless; `set autocommit = 1` commits.
  throw new ValidationError(`${first} would commit the transaction`, "text", {
    kind: "mysql",
    hint: "Run it before or after the transaction.",
  });
}

function checkPooled(scope: StatementScope, statement: Statement): void {
  const { first, words, calls } = statement;
  checkOwn(scope, statement);
  const what = sessionVerbs.has(first)
    ? first
    : (first === "CREATE" || first === "DROP") && words.has("TEMPORARY")
      ? `${first} TEMPORARY`
      : [...locks].find((name) => calls.has(name));
  const isAssignment =
    assigns(statement) || (first === "SELECT" && words.has("INTO") && !words.has("OUTFILE") && !words.has("DUMPFILE"));
  if (what === undefined && !isAssignment) return;
  throw misplaced(
    scope,
    `${what ?? "A variable"} would change a pooled connection for others`,
    "Use session() with readOnly: false.",
  );
}

/** SHOW WARNINGS and the like. */
export function tellsOfLast({ first, words }: Statement): boolean {
  return (first === "SHOW" && (words.has("WARNINGS") || words.has("ERRORS"))) || first === "GET";
}

/** What tells of the connection's last statement, which was somebody else's: its warnings quote their values. */
function checkOwn(scope: StatementScope, statement: Statement): void {
  const { first, calls } = statement;
  const isWarnings = tellsOfLast(statement);
  // `on duplicate key update id = last_insert_id(id)` is the statement's own.
  const isNumber =
    !scope.inTransaction &&
    first !== "INSERT" &&
    ["LAST_INSERT_ID", "FOUND_ROWS", "ROW_COUNT"].some((name) => calls.has(name));
  if (!isWarnings && !isNumber) return;
  throw misplaced(
    scope,
    "This would tell of the last statement on a pooled connection, which was another caller's",
    "Warnings and counts are in a statement's result; for the rest use session() or, for numbers, transaction().",
  );
}

function isLocking({ tokens }: Statement): boolean {
  return tokens.some(({ kind, text }, index) => {
    const next = tokens[index + 1];
    if (kind !== "word" || next?.kind !== "word") return false;
    return (
      (text === "FOR" && (next.text === "UPDATE" || next.text === "SHARE")) || (text === "LOCK" && next.text === "IN")
    );
  });
}

function assigns({ tokens }: Statement): boolean {
  return tokens.some(({ text, end }, index) => {
    const next = tokens[index + 1];
    return text === ":" && next?.text === "=" && next.start === end;
  });
}

const writeHint = 'Pass readOnly: false, to a data source with access: "read-write".';

function misplaced({ readOnly }: StatementScope, message: string, hint: string): DataSourceError {
  return readOnly ? refusal(message, hint) : new ValidationError(message, "text", { kind: "mysql", hint });
}

function refusal(message: string, hint?: string): DataSourceError {
  return new DataSourceError({ code: "READ_ONLY", kind: "mysql", message, hint });
}
