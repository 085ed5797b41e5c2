import { DataSourceError, ValidationError } from "@org/data-source-core";
import {
  type Classification,
  type Classifier,
  createClassifier,
  hasSequence,
  lexicalRules,
  type Statement,
} from "@org/data-source-core/adapter";

/** Where a statement runs, which decides what it may say. `own-read`: in a session or transaction that only reads. */
export type StatementScope = "read" | "own-read" | "write" | "session" | "transaction";

export const classify: Classifier = createClassifier(lexicalRules.snowflake);

const words = (list: string): ReadonlySet<string> => new Set(list.split(" "));

/** Snowflake has no read-only mode: what a read may begin with is the whole of what holds. */
const readVerbs = words("SELECT WITH VALUES TABLE SHOW DESCRIBE DESC EXPLAIN LIST LS");
const sessionVerbs = words("USE SET UNSET");
const ddlVerbs = words("CREATE ALTER DROP UNDROP TRUNCATE GRANT REVOKE COMMENT");
/** What these run may do anything to the session. */
const opaqueVerbs = words("CALL EXECUTE");

/** Of the SYSTEM$ functions, most of which act, those that only look. */
const systemReads = new RegExp(
  `^SYSTEM\\$(?:${[
    "WAIT|TYPEOF|LAST_CHANGE_COMMIT_TIME|STREAM_\\w+|PIPE_STATUS|CLUSTERING_\\w+|EXPLAIN_\\w+|ESTIMATE_\\w+",
    "GET_(?:TAG|TAG_ON_CURRENT_\\w+|TAG_ALLOWED_VALUES|PREDECESSOR_RETURN_VALUE|DIRECTORY_TABLE_STATUS)|ALLOWLIST\\w*|WHITELIST\\w*",
    "CURRENT_USER_TASK_NAME|SHOW_\\w+|VERIFY_\\w+|VALIDATE_\\w+|REFERENCES_\\w+|DATABASE_REFRESH_\\w+",
  ].join("|")})$`,
);

/** Calls that act although they stand in a SELECT. */
const actingCalls = words("GETNEXTVAL SEND_EMAIL");

/** Checks a statement's text before anything is sent; throws READ_ONLY or a ValidationError. */
export function checkStatement(text: string, scope: StatementScope): void {
  const classification = classify(text);
  const { statements } = classification;
  const [statement] = statements;
  // On the shared session, by which its rows can be read again.
  if ((scope === "read" || scope === "write") && statements.some(({ calls }) => calls.has("LAST_QUERY_ID"))) {
    throw misplaced(
      "LAST_QUERY_ID() would name the last query of whoever shares the session",
      "Use session(), or the queryId of a result.",
    );
  }
  if (scope === "read" || scope === "own-read") {
    if (classification.irregular !== undefined) throw refusal(`Its text is irregular: ${classification.irregular}`);
    if (statements.length !== 1 || !statement) throw refusal("A read is one statement");
    checkStagePaths(text, statement);
    for (const part of pipeParts(statement)) checkRead(part);
    return;
  }
  if (!statement) throw new ValidationError("text must hold a statement", "text");
  checkPlace(classification, statement, scope);
}

/** What of a session a statement leaves behind, in words; `undefined`: nothing that matters. */
export function sessionEffect(text: string): string | undefined {
  const { statements } = classify(text);
  for (const statement of statements) {
    const { first, tokens } = statement;
    if (isTemporary(statement)) return `temporary object ${createdName(statement)}`;
    if (first === "SET") return `session variable ${tokens[1]?.text ?? ""}`;
    if (sessionVerbs.has(first) || isAlterSession(statement)) return `setting made by ${first}`;
    if (opaqueVerbs.has(first) || isBlock(statement)) return `whatever ${first} did to the session`;
    if (isPlace(statement)) return `the current database or schema, which ${first} changes`;
    if (first === "PUT") return "uploaded files, if they are in a temporary stage";
  }
  return undefined;
}

/** `a ->> b` runs b after a; each part is a statement of its own. */
function pipeParts(statement: Statement): Statement[] {
  const { tokens } = statement;
  const isPipe = (at: number): boolean =>
    ["-", ">", ">"].every((symbol, offset) => {
      const token = tokens[at + offset];
      return token?.kind === "symbol" && token.text === symbol && token.start === (tokens[at]?.start ?? 0) + offset;
    });
  if (!tokens.some((_, at) => isPipe(at))) return [statement];
  // Only its first words are needed: the rest is judged as one.
  const starts = [0, ...tokens.flatMap((_, at) => (isPipe(at) ? [at + 3] : []))];
  return starts.map((start) => {
    const begin = tokens.slice(start).find((token) => token.kind !== "symbol" || token.text !== "(");
    const first = begin?.kind === "word" ? begin.text : "";
    return { ...statement, first, verb: first === "WITH" ? "WITH" : first };
  });
}

/** `@stage/a//b`: where a path ends and a comment begins, only the server knows. */
function checkStagePaths(text: string, { tokens }: Statement): void {
  for (const { kind, text: symbol, start } of tokens) {
    if (kind !== "symbol" || symbol !== "@") continue;
    if (/^@[^\s,;()]*?(?:\/\/|--|\/\*|'|\$\$)/.test(text.slice(start, start + 2_000)))
      throw refusal("A stage's path with //, --, /*, $$ or a quote in it must be quoted as a whole: '@stage/a//b'");
  }
}

function checkRead(statement: Statement): void {
  const { first, verb, calls, words: all } = statement;
  if (!readVerbs.has(first)) throw refusal(`${first || "This statement"} is not a read`);
  // What is constant may be computed while the statement is compiled.
  for (const name of calls) {
    const acts = actingCalls.has(name) || (name.startsWith("SYSTEM$") && !systemReads.test(name));
    if (acts) throw refusal(`${name}() may act`);
  }
  if (first === "EXPLAIN") return;
  if (first === "WITH" && verb !== "SELECT")
    throw refusal(`WITH … ${verb === "WITH" ? "something else" : verb} is not a read`);
  if (hasSequence(statement, "AS", "PROCEDURE")) throw refusal("WITH … AS PROCEDURE calls a procedure");
  if (all.has("INTO")) throw refusal("SELECT … INTO is not a read");
  if (hasSequence(statement, "FOR", "UPDATE")) throw refusal("SELECT … FOR UPDATE takes locks");
  if (isAfterDot(statement, "NEXTVAL")) throw refusal("NEXTVAL advances a sequence");
}

function isAfterDot({ tokens }: Statement, name: string): boolean {
  return tokens.some(
    ({ text }, index) =>
      text.toUpperCase() === name &&
      index > 0 &&
      tokens[index - 1]?.kind === "symbol" &&
      tokens[index - 1]?.text === ".",
  );
}

function checkPlace({ statements }: Classification, statement: Statement, scope: StatementScope): void {
  const { first, tokens } = statement;
  const second = tokens[1]?.kind === "word" ? tokens[1].text : "";
  const isScript = isBlock(statement);
  if (!isScript && statements.length > 1) throw misplaced("A request is one statement", "Use batch() for several.");
  const isTransactional = (first === "BEGIN" && !isScript) || (first === "START" && second === "TRANSACTION");
  if (isTransactional || first === "COMMIT" || first === "ROLLBACK") {
    throw misplaced(`${first} is for transaction() to send`, "Use transaction().");
  }
  if (scope === "transaction" && ddlVerbs.has(first)) {
    throw misplaced(`${first} would commit the transaction that it is in`, "Run it before or after, outside of it.");
  }
  const bindsSession = sessionVerbs.has(first) || isAlterSession(statement) || isTemporary(statement);
  if (scope === "write" && bindsSession) {
    throw misplaced(
      "The statement is about the session, which other statements share",
      "Use session() with readOnly: false.",
    );
  }
}

/** A scripting block, not the begin of a transaction. */
function isBlock({ first, tokens }: Statement): boolean {
  if (first === "DECLARE") return true;
  return first === "BEGIN" && tokens.length > 1 && !/^(?:TRANSACTION|WORK|NAME)$/.test(tokens[1]?.text ?? "");
}

function isAlterSession({ first, tokens }: Statement): boolean {
  return first === "ALTER" && tokens[1]?.kind === "word" && tokens[1].text === "SESSION";
}

function isTemporary({ first, tokens }: Statement): boolean {
  if (first !== "CREATE") return false;
  const head = tokens
    .slice(1, 6)
    .findIndex((token) => token.kind === "word" && /^(?:TEMP|TEMPORARY|VOLATILE)$/.test(token.text));
  return head >= 0 && tokens.slice(1, head + 1).every((token) => /^(?:OR|REPLACE|LOCAL|GLOBAL)$/.test(token.text));
}

/** CREATE makes it the current one, and DROP of the current one leaves none. */
function isPlace({ first, tokens }: Statement): boolean {
  if (!/^(?:CREATE|DROP|UNDROP)$/.test(first)) return false;
  const what = tokens.find(({ text }, index) => index > 0 && !/^(?:OR|REPLACE|TRANSIENT)$/.test(text));
  return what?.kind === "word" && (what.text === "DATABASE" || what.text === "SCHEMA");
}

function createdName({ tokens }: Statement): string {
  const at = tokens.findIndex(
    (token) => token.kind === "word" && /^(?:TABLE|STAGE|VIEW|FUNCTION|PROCEDURE|FORMAT)$/.test(token.text),
  );
  const named = tokens.slice(at + 1).filter((token) => !/^(?:IF|NOT|EXISTS)$/.test(token.text));
  const end = named.findIndex((token, index) => index % 2 === 1 && token.text !== ".");
  return named
    .slice(0, end < 0 ? named.length : end)
    .map((token) => token.text)
    .join("");
}

function misplaced(message: string, hint: string): ValidationError {
  return new ValidationError(message, "text", { kind: "snowflake", hint });
}

function refusal(message: string): DataSourceError {
  return new DataSourceError({
    code: "READ_ONLY",
    kind: "snowflake",
    message,
    hint: 'Pass readOnly: false, to a data source with access: "read-write".',
  });
}
