import { afterClosing, isSymbol, isWord, type SqlToken } from "./sql-text.ts";
import { unsupported } from "./wire.ts";

/** What the functions about the session answer. */
export interface SessionNames {
  readonly user: string;
  readonly role: string;
  readonly warehouse: string;
  readonly account: string;
  readonly sessionId: string;
  /** Set by `SET name = …`, in upper case. */
  readonly variables: ReadonlyMap<string, string>;
}

const renamed: Readonly<Record<string, string>> = {
  IFF: "IF",
  NVL: "IFNULL",
  PARSE_JSON: "JSON",
  ARRAY_CONSTRUCT: "JSON_ARRAY",
  OBJECT_CONSTRUCT: "JSON_OBJECT",
  LISTAGG: "STRING_AGG",
};

const types: Readonly<Record<string, string>> = {
  STRING: "VARCHAR",
  BINARY: "BLOB",
  VARBINARY: "BLOB",
  VARIANT: "JSON",
  OBJECT: "JSON",
  TIMESTAMP_NTZ: "TIMESTAMP_NS",
  DATETIME: "TIMESTAMP_NS",
  TIMESTAMP_LTZ: "TIMESTAMPTZ",
};

const integers = ["INT", "INTEGER", "BIGINT", "SMALLINT", "TINYINT", "BYTEINT"];

/** Functions of Snowflake that DuckDB lacks or, worse, has with another meaning. */
const missing = new Set([
  "DATEADD",
  "TIMEADD",
  "TO_TIMESTAMP_TZ",
  "TRY_PARSE_JSON",
  "GET_PATH",
  "RESULT_SCAN",
  "FLATTEN",
]);

/** The short list of rewrites from Snowflake's SQL to DuckDB's; what it cannot carry over is a hard error. */
export function rewrite(tokens: readonly SqlToken[], names: SessionNames): SqlToken[] {
  const output: SqlToken[] = [];
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index] as SqlToken;
    const next = tokens[index + 1];
    const word = (text: string): void => void output.push({ ...token, kind: "word", text });
    if (isSymbol(token, ":")) {
      if (next?.kind !== "number") throw unsupported("a path into a VARIANT (a:b)");
      output.push({ ...token, kind: "symbol", text: `$${next.text}` });
      index += 1;
    } else if (isSymbol(token, "$") && next?.kind === "word") {
      output.push({ ...token, kind: "string", text: variable(names, next.text) });
      index += 1;
    } else if (token.kind !== "word") output.push(token);
    else if (isWord(token, "TABLE") && isSymbol(next, "(") && isWord(tokens[index + 2], "GENERATOR")) {
      // table(generator(rowcount => 5)) becomes range(5), whose column seq8() names.
      const close = afterClosing(tokens, index + 1);
      const count = tokens.slice(index, close).find((part) => part.kind === "number");
      word(`RANGE(${count?.text ?? "0"})`);
      index = close - 1;
    } else if (isWord(token, "SEQ4", "SEQ8") && isSymbol(next, "(")) {
      word("RANGE");
      index += 2;
    } else if (
      token.text.startsWith("CURRENT_") &&
      sessionFunction(token.text, names) !== undefined &&
      isSymbol(next, "(")
    ) {
      output.push({ ...token, kind: "string", text: sessionFunction(token.text, names) as string });
      index += 2;
    } else if (isWord(token, "CURRENT_TIMESTAMP", "CURRENT_DATE") && isSymbol(next, "(")) {
      word(token.text);
      index += 2;
    } else if (isWord(token, "NUMBER", "DECIMAL", "NUMERIC")) {
      word("DECIMAL");
      if (!isSymbol(next, "(")) output.push({ ...token, kind: "symbol", text: "(38, 0)" });
    } else if (integers.includes(token.text)) word("DECIMAL(38, 0)");
    else if (isWord(token, "TIMESTAMP_TZ"))
      throw unsupported("TIMESTAMP_TZ (DuckDB keeps no offset): script the statement");
    else if (missing.has(token.text)) throw unsupported(token.text);
    else if (isSymbol(next, "(") && renamed[token.text] !== undefined) word(renamed[token.text] as string);
    else if (isWord(token, "ARRAY") && !isSymbol(next, "[")) word("JSON");
    else if (isWord(token, "INFORMATION_SCHEMA")) word("SNOWFLAKE_INFORMATION_SCHEMA");
    else if (isWord(token, "TO_BINARY")) word("FROM_HEX");
    else if (isWord(token, "SAMPLE") && isSymbol(next, "(")) word("TABLESAMPLE RESERVOIR");
    else if (isSymbol(next, "(") || types[token.text] === undefined) output.push(token);
    else word(types[token.text] as string);
  }
  return dropHexFormat(output);
}

/** `to_binary(x, 'HEX')`: DuckDB's from_hex takes no format. */
function dropHexFormat(tokens: readonly SqlToken[]): SqlToken[] {
  return tokens.filter((token, index) => {
    const isFormat = (at: number): boolean => tokens[at]?.kind === "string" && tokens[at].text === "HEX";
    return !(isFormat(index) && isSymbol(tokens[index - 1], ",")) && !(isSymbol(token, ",") && isFormat(index + 1));
  });
}

function variable(names: SessionNames, name: string): string {
  const value = names.variables.get(name);
  if (value === undefined) throw unsupported(`the session variable $${name}, which is not set`);
  return value;
}

function sessionFunction(name: string, names: SessionNames): string | undefined {
  const answers: Readonly<Record<string, string>> = {
    CURRENT_USER: names.user,
    CURRENT_ROLE: names.role,
    CURRENT_WAREHOUSE: names.warehouse,
    CURRENT_ACCOUNT: names.account,
    CURRENT_SESSION: names.sessionId,
    CURRENT_DATABASE: "DEMO",
    CURRENT_SCHEMA: "PUBLIC",
    CURRENT_VERSION: "9.99.0",
  };
  return answers[name];
}
