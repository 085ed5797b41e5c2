import { Problem } from "./problem.ts";
import type { SqlToken } from "./sql-text.ts";

/** What DuckDB's name for a word of GoogleSQL is. */
const words: Readonly<Record<string, string>> = {
  BOOL: "BOOLEAN",
  BYTES: "BLOB",
  DATETIME: "TIMESTAMP",
  FLOAT64: "DOUBLE",
  INT64: "BIGINT",
  NUMERIC: "DECIMAL(38,9)",
  SAFE_CAST: "TRY_CAST",
  STRING: "VARCHAR",
  TIMESTAMP: "TIMESTAMPTZ",
};

/** What stands for something that DuckDB has not, or means otherwise: never run, so that no test passes by chance. */
const refused = new Set(
  "BIGNUMERIC GEOGRAPHY RANGE QUALIFY PIVOT UNPIVOT TABLESAMPLE SAFE_OFFSET SAFE_ORDINAL ORDINAL OFFSETS".split(" "),
);

/** Functions of GoogleSQL as DuckDB macros. */
export const macros: readonly string[] = [
  "create macro safe_divide(a, b) as case when b = 0 then null else a / b end",
  "create macro generate_uuid() as cast(uuid() as varchar)",
  "create macro generate_array(a, b) as generate_series(a, b)",
  "create macro timestamp_micros(a) as make_timestamptz(cast(a as bigint))",
  "create macro array_to_string(a, b) as list_aggregate(a, 'string_agg', b)",
  "create macro regexp_contains(a, b) as regexp_matches(a, b)",
  "create macro parse_json(a) as cast(a as json)",
  "create macro logical_or(a) as bool_or(a)",
  "create macro logical_and(a) as bool_and(a)",
];

export interface RewriteSetting {
  readonly projectId: string;
  /** A parameter as DuckDB's SQL; called in the order of their places. */
  readonly parameter: (name: string) => string;
}

/** One statement in DuckDB's dialect, by a short list; what is known to differ and is not on it is a hard error. */
export function rewrite(tokens: readonly SqlToken[], setting: RewriteSetting): string {
  const out: string[] = [];
  const structs: number[] = [];
  let depth = 0;
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index] as SqlToken;
    const next = tokens[index + 1];
    const before = tokens[index - 1];
    if (token.kind === "word") {
      const special = rewriteWord(tokens, index, setting);
      if (special) {
        out.push(special.text);
        index += special.skip;
        if (special.opensStruct) {
          depth += 1;
          structs.push(depth);
        }
        continue;
      }
      if (before?.raw === "." || next?.raw === ".") out.push(quoted(token.raw));
      else if (structs.at(-1) === depth && token.value === "AS") nameStructField(out, tokens[++index]);
      else out.push(next?.raw === "(" || !isRefused(token) ? (words[token.value] ?? token.raw) : refuse(token.raw));
    } else if (token.kind === "identifier") out.push(token.value.split(".").map(quoted).join(" . "));
    else if (token.kind === "string") out.push(`'${token.value.replaceAll("'", "''")}'`);
    else if (token.kind === "bytes") out.push(bytesLiteral(token.value));
    else if (token.kind === "number")
      out.push(/[.]/.test(token.raw) && !/e/i.test(token.raw) ? `${token.raw}e0` : token.raw);
    else if (token.kind === "parameter") out.push(setting.parameter(token.value));
    else {
      if (token.raw === "(") depth += 1;
      if (token.raw === ")") {
        if (structs.at(-1) === depth) structs.pop();
        depth -= 1;
      }
      out.push(token.raw);
    }
  }
  return joinNames(out, setting.projectId);
}

function isRefused(token: SqlToken): boolean {
  return refused.has(token.value);
}

/** What GoogleSQL lets one leave out. */
const optionalAfter: Readonly<Record<string, string>> = { DELETE: "FROM", INSERT: "INTO", MERGE: "INTO" };

interface Special {
  readonly text: string;
  readonly skip: number;
  readonly opensStruct?: boolean;
}

function rewriteWord(tokens: readonly SqlToken[], index: number, setting: RewriteSetting): Special | undefined {
  const { value } = tokens[index] as SqlToken;
  const next = tokens[index + 1];
  if (tokens[index - 1]?.raw === ".") return undefined;
  const particle = index === 0 ? optionalAfter[value] : undefined;
  if (particle !== undefined && next?.value !== particle) return { text: `${value} ${particle}`, skip: 0 };
  if (value === "STRUCT" && next?.raw === "(") return { text: "struct_pack(", skip: 1, opensStruct: true };
  if ((value === "STRUCT" || value === "ARRAY") && next?.raw === "<") return typeName(tokens, index);
  if (value === "SESSION_USER" && next?.raw === "(") return { text: "'user@example.com'", skip: 2 };
  if (value === "EXCEPT" && next?.raw === "(") return { text: "EXCLUDE", skip: 0 };
  if (value === "EXCEPT" && next?.value === "DISTINCT") return { text: "EXCEPT", skip: 1 };
  if (value === "DATE_TRUNC" || value === "TIMESTAMP_TRUNC" || value === "DATETIME_TRUNC")
    return truncation(tokens, index, setting);
  if (value === "UNNEST" && next?.raw === "(") return unnest(tokens, index, setting);
  return undefined;
}

/** `ARRAY<INT64>` → `BIGINT[]`, `STRUCT<a INT64>` → `STRUCT(a BIGINT)`. */
function typeName(tokens: readonly SqlToken[], index: number): Special {
  const token = tokens[index] as SqlToken;
  if (token.value !== "ARRAY" && token.value !== "STRUCT") return { text: words[token.value] ?? token.raw, skip: 0 };
  let at = index + 2;
  const parts: string[] = [];
  while (tokens[at] && tokens[at]?.raw !== ">") {
    if (tokens[at]?.raw === ",") {
      at += 1;
      continue;
    }
    let name = "";
    if (token.value === "STRUCT") {
      name = `${quoted((tokens[at] as SqlToken).raw)} `;
      at += 1;
    }
    const inner = typeName(tokens, at);
    parts.push(name + inner.text);
    at += inner.skip + 1;
  }
  const text = token.value === "ARRAY" ? `${parts[0] ?? ""}[]` : `STRUCT(${parts.join(", ")})`;
  return { text, skip: at - index };
}

/** `date_trunc(x, month)` → `date_trunc('month', x)`, for a plain `x`. */
function truncation(tokens: readonly SqlToken[], index: number, setting: RewriteSetting): Special {
  const end = closing(tokens, index + 1);
  const [comma, part] = [tokens[end - 2], tokens[end - 1]];
  if (comma?.raw !== "," || part?.kind !== "word") return refuse((tokens[index] as SqlToken).raw);
  const inner = rewrite(tokens.slice(index + 2, end - 2), setting);
  return { text: `date_trunc('${part.value.toLowerCase()}', ${inner})`, skip: end - index };
}

/** `unnest(x) as a` gives rows of single values named `a`, not structs; `in unnest(x)` looks among them. */
function unnest(tokens: readonly SqlToken[], index: number, setting: RewriteSetting): Special | undefined {
  const end = closing(tokens, index + 1);
  const inner = (): string => rewrite(tokens.slice(index + 2, end), setting);
  if (tokens[index - 1]?.value === "IN") return { text: `(select unnest(${inner()}))`, skip: end - index };
  const named = tokens[end + 1]?.value === "AS" ? 2 : 1;
  const alias = tokens[end + named];
  if (tokens[end + 1]?.value === "WITH" || tokens[end + named + 2]?.value === "OFFSET") return refuse("WITH OFFSET");
  if (named === 1 && (alias?.kind !== "word" || clauses.has(alias.value))) return undefined;
  const name = quoted((alias as SqlToken).raw.replaceAll("`", ""));
  return { text: `unnest(${inner()}) as _rows(${name})`, skip: end + named - index };
}

const clauses = new Set("WHERE GROUP ORDER LIMIT JOIN INNER LEFT RIGHT FULL CROSS ON UNION HAVING WINDOW".split(" "));

function closing(tokens: readonly SqlToken[], open: number): number {
  let depth = 0;
  for (let at = open; at < tokens.length; at += 1) {
    if (tokens[at]?.raw === "(") depth += 1;
    if (tokens[at]?.raw === ")" && (depth -= 1) === 0) return at;
  }
  return tokens.length - 1;
}

/** `1 AS a` inside of STRUCT( → `a := 1`: the value already written is moved behind the name. */
function nameStructField(out: string[], name: SqlToken | undefined): void {
  let start = out.length;
  let depth = 0;
  while (start > 0) {
    const piece = out[start - 1] as string;
    if (depth === 0 && (piece === "," || piece === "struct_pack(")) break;
    if (piece === ")" || piece === "]") depth += 1;
    if (piece.endsWith("(") || piece === "[") depth -= 1;
    start -= 1;
  }
  out.splice(start, 0, `${quoted((name?.raw ?? "").replaceAll("`", ""))} :=`);
}

function bytesLiteral(value: string): string {
  return `from_hex('${Buffer.from(value, "latin1").toString("hex")}')`;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Names have no project here, and `dataset.INFORMATION_SCHEMA.VIEW` is one schema of its own. */
function joinNames(pieces: readonly string[], projectId: string): string {
  const project = `${quoted(projectId)} . `;
  return pieces
    .join(" ")
    .replaceAll(project, "")
    .replace(
      /"([^"]+)" \. "INFORMATION_SCHEMA" \. "(\w+)"/gi,
      (_all, scope: string, view: string) => `${quoted(`${scope}.INFORMATION_SCHEMA`)}.${quoted(view.toUpperCase())}`,
    );
}

function refuse(what: string): never {
  throw new Problem("notImplemented", `BigQuery emulator: no rewrite for ${what}; script an answer for this statement`);
}
