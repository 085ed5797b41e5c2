import { splitStatements, type SqlToken } from "./sql-text.ts";

/** Words that only a script has at a statement's start. */
const scripting = new Set(
  "DECLARE SET EXECUTE BEGIN IF LOOP WHILE REPEAT FOR CASE RAISE LEAVE BREAK CONTINUE ITERATE RETURN".split(" "),
);
const objects =
  /^(?:OR REPLACE )?(?:TEMP |TEMPORARY |PUBLIC |AGGREGATE )*(TABLE FUNCTION|SNAPSHOT TABLE|EXTERNAL TABLE|MATERIALIZED VIEW|ROW ACCESS POLICY|SEARCH INDEX|VECTOR INDEX|TABLE|VIEW|SCHEMA|FUNCTION|PROCEDURE|MODEL)/;

/** `statistics.query.statementType` as the service reports it. */
export function statementTypeOf(tokens: readonly SqlToken[]): string {
  const statements = splitStatements(tokens);
  const last = statements.at(-1);
  if (!last) return "SELECT";
  // The documented exception: temporary functions before one SELECT are no script.
  if (statements.slice(0, -1).every(isTempFunction)) return single(last);
  return "SCRIPT";
}

function single(tokens: readonly SqlToken[]): string {
  const words = tokens.filter((token) => token.kind === "word").map((token) => token.value);
  const first = tokens.find((token) => token.value !== "(");
  const verb = first?.kind === "word" ? first.value : "";
  const rest = words.slice(1).join(" ");
  if (verb === "BEGIN" && (rest === "" || rest === "TRANSACTION")) return "BEGIN_TRANSACTION";
  if (verb === "COMMIT") return "COMMIT_TRANSACTION";
  if (verb === "ROLLBACK") return "ROLLBACK_TRANSACTION";
  if (scripting.has(verb)) return "SCRIPT";
  if (verb === "CREATE" || verb === "DROP" || verb === "ALTER") {
    const kind = (objects.exec(rest)?.[1] ?? words[1] ?? "").replaceAll(" ", "_");
    const asSelect = verb === "CREATE" && kind === "TABLE" && /\bAS\b.*\bSELECT\b/.test(rest);
    return `${verb}_${kind}${asSelect ? "_AS_SELECT" : ""}`;
  }
  if (verb === "TRUNCATE") return "TRUNCATE_TABLE";
  if (verb === "EXPORT") return words[1] === "MODEL" ? "EXPORT_MODEL" : "EXPORT_DATA";
  if (verb === "LOAD") return "LOAD_DATA";
  if (verb === "WITH" || verb === "FROM") return "SELECT";
  return verb;
}

function isTempFunction(tokens: readonly SqlToken[]): boolean {
  const words = tokens.filter((token) => token.kind === "word").map((token) => token.value);
  return /^CREATE (?:OR REPLACE )?(?:TEMP|TEMPORARY) (?:AGGREGATE )?FUNCTION/.test(words.join(" "));
}
