import type { Classifier } from "./classify.ts";
import type { Token } from "./tokenize.ts";

const verbs = new Set(["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE"]);
/** `for update`, `on delete cascade`, `on duplicate key update` are no verbs. */
const beforeNoVerb = new Set(["FOR", "ON", "DO", "KEY"]);
const beforeTarget = new Set(["FROM", "JOIN", "INTO", "UPDATE", "TABLE", "VIEW", "CALL", "TRUNCATE", "COPY"]);
/** Words that may stand between one of those and the name, or in place of it. */
const notTarget = new Set([
  "TABLE",
  "VIEW",
  "ONLY",
  "IF",
  "NOT",
  "EXISTS",
  "LATERAL",
  "UNNEST",
  "SELECT",
  "VALUES",
  "INTO",
]);
const longest = 255;

/** `db.query.summary`: verbs and the tables they name, in order, such as `SELECT orders customers`. No values. */
export function createSummarizer(classify: Classifier): (sql: string) => string {
  return (sql) => {
    const parts = classify(sql).statements.flatMap(({ tokens }) => summarize(tokens));
    let summary = "";
    for (const part of parts) {
      if (summary.length + part.length + 1 > longest) break;
      summary += summary === "" ? part : ` ${part}`;
    }
    return summary;
  };
}

function summarize(tokens: readonly Token[]): string[] {
  const parts: string[] = [];
  let wantsTarget = false;
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index] as Token;
    const before = index === 0 ? "" : tokens[index - 1]?.text;
    const isName = token.kind === "quoted" || (token.kind === "word" && !notTarget.has(token.text));
    if (wantsTarget && isName) {
      const end = endOfName(tokens, index);
      parts.push(nameOf(tokens.slice(index, end)));
      index = end - 1;
      wantsTarget = false;
    } else if (token.kind === "word") {
      const isVerb = index === 0 ? token.text !== "WITH" : verbs.has(token.text);
      const counts = !beforeNoVerb.has(before ?? "");
      if (isVerb && counts) parts.push(token.text);
      wantsTarget = counts && (beforeTarget.has(token.text) || (wantsTarget && notTarget.has(token.text)));
    } else wantsTarget = false;
  }
  return parts;
}

function endOfName(tokens: readonly Token[], start: number): number {
  let end = start + 1;
  while (tokens[end]?.text === "." && tokens[end]?.kind === "symbol" && tokens[end + 1]) end += 2;
  return end;
}

function nameOf(tokens: readonly Token[]): string {
  return tokens.map((token) => (token.kind === "word" ? token.text.toLowerCase() : token.text)).join("");
}
