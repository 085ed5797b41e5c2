import { keyOf, type EmulatedCatalog, type EmulatedColumn, type EmulatedKey, type EmulatedTable } from "./catalog.ts";
import { afterClosing, isSymbol, isWord, splitByComma, toText, type SqlToken } from "./sql-text.ts";

/** A parsed CREATE TABLE: what DuckDB is to run, and what Snowflake remembers beside it. */
export interface CreateTable {
  readonly table: EmulatedTable;
  readonly temporary: boolean;
  /** For DuckDB: without keys, which Snowflake records but does not enforce, nor clauses that it does not know. */
  readonly tokens: readonly SqlToken[];
}

const word = (text: string): SqlToken => ({ kind: "word", text, start: 0 });

export function parseCreateTable(tokens: readonly SqlToken[], now: number): CreateTable {
  const start = tokens.findIndex((token) => isWord(token, "TABLE")) + 1;
  const nameAt = isWord(tokens[start], "IF") ? start + 3 : start;
  const { schema, name, end } = parseName(tokens, nameAt);
  const head = tokens.slice(0, end).filter((token) => !isWord(token, "TRANSIENT", "LOCAL", "GLOBAL", "VOLATILE"));
  const hasColumns = isSymbol(tokens[end], "(");
  const close = hasColumns ? afterClosing(tokens, end) : end;
  const parts = hasColumns ? splitByComma(tokens.slice(end + 1, close - 1)) : [];
  const columns: EmulatedColumn[] = [];
  const keys: EmulatedKey[] = [];
  const kept: SqlToken[][] = [];
  for (const part of parts) {
    const out = outOfLineKey(part, name);
    if (out) keys.push(out);
    else kept.push(parseColumn(part, name, columns, keys));
  }
  const list = hasColumns
    ? [word("("), ...kept.flatMap((part, i) => (i === 0 ? part : [word(","), ...part])), word(")")]
    : [];
  const { query, clusteringKey, comment } = parseTail(tokens.slice(close));
  const primary = new Set(keys.find((key) => key.kind === "PRIMARY KEY")?.columns);
  const table: EmulatedTable = {
    schema,
    name,
    kind: "BASE TABLE",
    columns: columns.map((column) => (primary.has(column.name) ? { ...column, nullable: false } : column)),
    keys,
    clusteringKey,
    definition: undefined,
    createdAt: now,
    comment,
  };
  const temporary = head.some((token) => isWord(token, "TEMPORARY", "TEMP"));
  return { table, temporary, tokens: [...head, ...list, ...query] };
}

/** `db.schema.name`, `schema.name` or `name`, and where it ends. */
export function parseName(tokens: readonly SqlToken[], at: number): { schema: string; name: string; end: number } {
  const names: string[] = [tokens[at]?.text ?? ""];
  let end = at + 1;
  while (isSymbol(tokens[end], ".")) {
    names.push(tokens[end + 1]?.text ?? "");
    end += 2;
  }
  return { schema: names.at(-2) ?? "PUBLIC", name: names.at(-1) ?? "", end };
}

/** Looks a table up as a statement names it. */
export function findTable(
  catalog: EmulatedCatalog,
  tokens: readonly SqlToken[],
  at: number,
): EmulatedTable | undefined {
  const { schema, name } = parseName(tokens, at);
  return catalog.tables.get(keyOf(schema, name));
}

function names(tokens: readonly SqlToken[], open: number): string[] {
  const inside = tokens.slice(open + 1, afterClosing(tokens, open) - 1);
  return splitByComma(inside).map((part) => part[0]?.text ?? "");
}

function outOfLineKey(part: readonly SqlToken[], table: string): EmulatedKey | undefined {
  const named = isWord(part[0], "CONSTRAINT");
  const at = named ? 2 : 0;
  if (!isWord(part[at], "PRIMARY", "UNIQUE", "FOREIGN")) return undefined;
  const kind = isWord(part[at], "UNIQUE") ? "UNIQUE" : isWord(part[at], "PRIMARY") ? "PRIMARY KEY" : "FOREIGN KEY";
  const open = part.findIndex((token) => isSymbol(token, "("));
  const name = named ? (part[1]?.text ?? "") : `SYS_CONSTRAINT_${table}_${kind[0]}`;
  return { kind, name, columns: names(part, open), references: references(part) };
}

function references(part: readonly SqlToken[]): EmulatedKey["references"] {
  const at = part.findIndex((token) => isWord(token, "REFERENCES"));
  if (at < 0) return undefined;
  const { schema, name, end } = parseName(part, at + 1);
  return { schema, table: name, columns: isSymbol(part[end], "(") ? names(part, end) : [] };
}

const columnWords = [
  "NOT",
  "NULL",
  "DEFAULT",
  "PRIMARY",
  "UNIQUE",
  "REFERENCES",
  "COMMENT",
  "AUTOINCREMENT",
  "IDENTITY",
  "COLLATE",
  "CONSTRAINT",
];

/** Reads a column's definition and gives what of it DuckDB gets. */
function parseColumn(
  part: readonly SqlToken[],
  table: string,
  columns: EmulatedColumn[],
  keys: EmulatedKey[],
): SqlToken[] {
  const name = part[0]?.text ?? "";
  const rest = part.findIndex((token, index) => index > 0 && isWord(token, ...columnWords));
  const type = part.slice(1, rest < 0 ? part.length : rest);
  const clauses = rest < 0 ? [] : part.slice(rest);
  const has = (...words: string[]): number => clauses.findIndex((token) => isWord(token, ...words));
  const key = (kind: EmulatedKey["kind"], of: EmulatedKey["references"]): void => {
    keys.push({ kind, name: `SYS_CONSTRAINT_${table}_${name}_${kind[0]}`, columns: [name], references: of });
  };
  if (has("PRIMARY") >= 0) key("PRIMARY KEY", undefined);
  if (has("UNIQUE") >= 0) key("UNIQUE", undefined);
  if (has("REFERENCES") >= 0) key("FOREIGN KEY", references(clauses));
  const required = clauses.some((token, at) => isWord(token, "NOT") && isWord(clauses[at + 1], "NULL"));
  const defaultAt = has("DEFAULT");
  const defaultEnd = clauses.findIndex((token, at) => at > defaultAt && isWord(token, ...columnWords));
  const byDefault = defaultAt < 0 ? [] : clauses.slice(defaultAt + 1, defaultEnd < 0 ? clauses.length : defaultEnd);
  const commentAt = has("COMMENT");
  columns.push({
    name,
    ...describeType(type),
    nullable: !required,
    default: byDefault.length > 0 ? toText(byDefault) : undefined,
    identity: has("AUTOINCREMENT", "IDENTITY") >= 0,
    comment: commentAt < 0 ? undefined : clauses[commentAt + 1]?.text,
  });
  const kept = [part[0] as SqlToken, ...type];
  if (byDefault.length > 0) kept.push(word("DEFAULT"), ...byDefault);
  return required ? [...kept, word("NOT"), word("NULL")] : kept;
}

/** As INFORMATION_SCHEMA.COLUMNS describes a declared type. */
function describeType(type: readonly SqlToken[]): Pick<EmulatedColumn, "dataType" | "length" | "precision" | "scale"> {
  const declared = type[0]?.text ?? "";
  const [first, second] = type.filter((token) => token.kind === "number").map((token) => Number(token.text));
  const isNumber = ["NUMBER", "DECIMAL", "NUMERIC", "INT", "INTEGER", "BIGINT", "SMALLINT", "TINYINT"].includes(
    declared,
  );
  if (isNumber) return { dataType: "NUMBER", length: undefined, precision: first ?? 38, scale: second ?? 0 };
  if (["VARCHAR", "STRING", "TEXT", "CHAR"].includes(declared)) {
    return { dataType: "TEXT", length: first ?? 16_777_216, precision: undefined, scale: undefined };
  }
  const other = ["FLOAT", "DOUBLE", "REAL"].includes(declared) ? "FLOAT" : declared;
  return { dataType: other, length: undefined, precision: undefined, scale: undefined };
}

function parseTail(
  tail: readonly SqlToken[],
): Pick<EmulatedTable, "clusteringKey" | "comment"> & { query: readonly SqlToken[] } {
  const asAt = tail.findIndex((token) => isWord(token, "AS"));
  const clauses = asAt < 0 ? tail : tail.slice(0, asAt);
  const clusterAt = clauses.findIndex((token) => isWord(token, "CLUSTER"));
  const clustering = clusterAt < 0 ? [] : clauses.slice(clusterAt + 2, afterClosing(clauses, clusterAt + 2));
  const commentAt = clauses.findIndex((token) => isWord(token, "COMMENT"));
  const inner = splitByComma(clustering.slice(1, -1)).map((part) => part.map((token) => token.text).join(""));
  return {
    query: asAt < 0 ? [] : tail.slice(asAt),
    clusteringKey: clusterAt < 0 ? undefined : `LINEAR(${inner.join(", ")})`,
    comment: commentAt < 0 ? undefined : clauses[commentAt + 2]?.text,
  };
}
