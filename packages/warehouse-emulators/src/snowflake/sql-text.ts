export interface SqlToken {
  readonly kind: "word" | "quoted" | "string" | "number" | "symbol";
  /** A word in upper case, a quoted name or string without its quotes and escapes, else the text itself. */
  readonly text: string;
  readonly start: number;
}

const patterns: readonly [SqlToken["kind"] | "space", RegExp][] = [
  ["space", /(?:\s+|--[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\/)/y],
  ["string", /\$\$([\s\S]*?)\$\$/y],
  ["string", /'((?:[^'\\]|\\[\s\S]|'')*)'/y],
  ["quoted", /"((?:[^"]|"")*)"/y],
  ["number", /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y],
  ["word", /[\p{L}_][\p{L}\p{N}_$]*/uy],
  ["symbol", /::|=>|<>|!=|<=|>=|\|\||[\s\S]/y],
];

/** Cuts Snowflake SQL into tokens; comments are dropped. */
export function tokenize(sql: string): SqlToken[] {
  const tokens: SqlToken[] = [];
  let at = 0;
  while (at < sql.length) {
    for (const [kind, pattern] of patterns) {
      pattern.lastIndex = at;
      const match = pattern.exec(sql);
      if (!match) continue;
      const [whole, inner] = match;
      if (kind !== "space") tokens.push({ kind, text: contentOf(kind, whole, inner), start: at });
      at += whole.length;
      break;
    }
  }
  return tokens;
}

function contentOf(kind: SqlToken["kind"], whole: string, inner: string | undefined): string {
  if (kind === "word") return whole.toUpperCase();
  if (inner === undefined) return whole;
  if (kind === "quoted") return inner.replaceAll('""', '"');
  if (whole.startsWith("$$")) return inner;
  return inner.replaceAll(/\\([\s\S])|''/g, (_, escaped: string | undefined) => {
    if (escaped === undefined) return "'";
    return ({ n: "\n", t: "\t", r: "\r", b: "\b", "0": "\0" } as Record<string, string>)[escaped] ?? escaped;
  });
}

/** The statements of a text: what is between its semicolons. */
export function statementsOf(tokens: readonly SqlToken[]): SqlToken[][] {
  const statements: SqlToken[][] = [[]];
  for (const token of tokens) {
    if (token.kind === "symbol" && token.text === ";") statements.push([]);
    else statements.at(-1)?.push(token);
  }
  return statements.filter((statement) => statement.length > 0);
}

export function isWord(token: SqlToken | undefined, ...words: readonly string[]): boolean {
  return token?.kind === "word" && words.includes(token.text);
}

export function isSymbol(token: SqlToken | undefined, text: string): boolean {
  return token?.kind === "symbol" && token.text === text;
}

/** The position after the bracket that closes the one at `open`. */
export function afterClosing(tokens: readonly SqlToken[], open: number): number {
  let depth = 0;
  for (let index = open; index < tokens.length; index += 1) {
    if (isSymbol(tokens[index], "(")) depth += 1;
    if (isSymbol(tokens[index], ")")) depth -= 1;
    if (depth === 0) return index + 1;
  }
  return tokens.length;
}

/** Parts between the commas that stand in no bracket. */
export function splitByComma(tokens: readonly SqlToken[]): SqlToken[][] {
  const parts: SqlToken[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (isSymbol(token, "(")) depth += 1;
    if (isSymbol(token, ")")) depth -= 1;
    if (depth === 0 && isSymbol(token, ",")) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts.filter((part) => part.length > 0);
}

/** Tokens as SQL text for DuckDB: names upper-case or quoted, strings in its own escapes. */
export function toText(tokens: readonly SqlToken[]): string {
  return tokens
    .map(({ kind, text }) => {
      if (kind === "string") return `'${text.replaceAll("'", "''")}'`;
      if (kind === "quoted") return `"${text.replaceAll('"', '""')}"`;
      return text;
    })
    .join(" ");
}
