import { DataSourceError, ValidationError } from "@org/data-source-core";
import {
  type Classification,
  type Classifier,
  createClassifier,
  lexicalRules,
  type Statement,
} from "@org/data-source-core/adapter";
import type { Flavour } from "./options.ts";
import { redshiftObjection, redshiftReadings } from "./redshift-read-only.ts";

/** What a statement runs in, which decides what it may say. */
export type StatementScope = "read" | "write" | "session";

export const classify: Classifier = createClassifier(lexicalRules.postgres);

/** What a read may begin with: all else either writes, or acts outside of what a read-only transaction covers. */
const readVerbs = new Set(["SELECT", "WITH", "VALUES", "TABLE", "SHOW", "EXPLAIN"]);
const transactionVerbs = new Set("BEGIN START COMMIT END ROLLBACK ABORT SAVEPOINT RELEASE".split(" "));
/** They change the connection for whoever gets it next. */
const sessionVerbs = new Set(
  "SET RESET DISCARD PREPARE DEALLOCATE EXECUTE LISTEN UNLISTEN LOAD DECLARE USE".split(" "),
);

/**
 * Functions that act on something else than this transaction: files, other connections, the server. Also those that
 * run SQL given as a string, in which such a call could hide.
 */
const outside = new RegExp(
  `^(?:${[
    "SET_CONFIG",
    "LO_EXPORT|LO_IMPORT|PG_FILE_\\w+|PG_LOGDIR_LS",
    "DBLINK\\w*|POSTGRES_FDW_DISCONNECT\\w*",
    "(?:QUERY|CURSOR|TABLE|SCHEMA|DATABASE)_TO_XML\\w*|TS_STAT|TS_REWRITE|CROSSTAB\\w*|CONNECTBY|XPATH_TABLE",
    "PG_RELOAD_CONF|PG_ROTATE_LOGFILE\\w*|PG_PROMOTE|PG_SWITCH_WAL|PG_CREATE_RESTORE_POINT|PG_STAT_\\w*RESET\\w*",
    "PG_LOGICAL_EMIT_MESSAGE|PG_(?:CREATE|DROP|COPY)_\\w*REPLICATION_SLOT|PG_REPLICATION_\\w+|PG_BACKUP_\\w+|PG_(?:START|STOP)_BACKUP",
    "PG_LOGICAL_SLOT_GET_\\w+|PG_SYNC_REPLICATION_SLOTS|PG_LOG_STANDBY_SNAPSHOT|PG_NEXTOID",
    "HEAP_FORCE_\\w+|PG_TRUNCATE_VISIBILITY_MAP|PG_BUFFERCACHE_EVICT\\w*|QUERY_EXPORT_TO_S3",
    "PG_WAL_REPLAY_\\w+|PG_IMPORT_SYSTEM_COLLATIONS|PG_LOG_BACKEND_MEMORY_CONTEXTS|BRIN_\\w+|GIN_CLEAN_PENDING_LIST",
  ].join("|")})$`,
);

/**
 * Refuses what the server's read-only transaction does not stop; on Redshift, whatever is not a read. The text is one
 * statement in any case: the extended protocol takes no more.
 */
export function checkStatement(text: string, scope: StatementScope, flavour: Flavour): Classification {
  if (flavour === "postgres") return check(classify(text), scope);
  const readings = redshiftReadings(text);
  for (const reading of readings) checkRedshift(reading, scope);
  return readings[0] as Classification;
}

/** Nobody has seen that Redshift refuses a second statement, so it is refused here. */
function checkRedshift(reading: Classification, scope: StatementScope): void {
  check(reading, scope);
  const [statement, ...more] = reading.statements;
  if (more.length > 0) throw misplaced(scope, "The text has several statements", "Use batch() or transaction().");
  const objection = scope === "read" && statement ? redshiftObjection(statement) : undefined;
  if (objection !== undefined) throw refusal(objection, writeHint);
}

function check(classification: Classification, scope: StatementScope): Classification {
  const [statement] = classification.statements;
  if (statement === undefined) return classification;
  const { first } = statement;
  if (transactionVerbs.has(first) || (first === "PREPARE" && statement.words.has("TRANSACTION"))) {
    throw misplaced(scope, `${first} would end the transaction that guards this statement`, "Use transaction().");
  }
  if (scope !== "session" && sessionVerbs.has(first)) {
    throw misplaced(
      scope,
      `${first} would change a pooled connection for others`,
      "Use session() with readOnly: false.",
    );
  }
  if (scope === "read") checkRead(classification, statement);
  return classification;
}

function checkRead({ irregular, statements }: Classification, statement: Statement): void {
  // The server takes one only: if it runs this, it sees other tokens.
  if (statements.length > 1) throw refusal("It is more than one statement");
  if (irregular !== undefined) throw refusal(`Its text is irregular: ${irregular}`);
  if (!readVerbs.has(statement.first)) throw refusal(`${statement.first || "This statement"} is not a read`, writeHint);
  if (hasUnicodeName(statement)) throw refusal('A name is spelt with U&"…" escapes, which could hide a function');
  // The server refuses it too, but where it has no read-only transactions nobody else does.
  if (statement.words.has("INTO")) throw refusal("INTO would create a table", writeHint);
  const name = calledLike(statement, outside);
  if (name !== undefined) throw refusal(`${name.toLowerCase()}() acts outside of a read-only transaction`, writeHint);
}

/** The first function of such a name: `f(a)`, or `(a).f`, which is the same. */
export function calledLike({ calls, members }: Statement, pattern: RegExp): string | undefined {
  for (const name of calls) if (pattern.test(name)) return name;
  for (const name of members) if (pattern.test(name)) return name;
  return undefined;
}

/** `U&"s\0065t_config"(…)` calls what the classifier cannot read. */
function hasUnicodeName({ tokens }: Statement): boolean {
  return tokens.some(
    (token, index) => token.text === "U" && tokens[index + 1]?.text === "&" && tokens[index + 2]?.kind === "quoted",
  );
}

const writeHint = 'Pass readOnly: false, to a data source with access: "read-write".';

function misplaced(scope: StatementScope, message: string, hint: string): DataSourceError {
  return scope === "read" ? refusal(message, hint) : new ValidationError(message, "text", { kind: "postgres", hint });
}

function refusal(message: string, hint?: string): DataSourceError {
  return new DataSourceError({ code: "READ_ONLY", kind: "postgres", message, hint });
}
