/** A piece of GoogleSQL: enough to tell statements apart and to rewrite a few words. Comments are dropped. */
export interface SqlToken {
  readonly kind: "word" | "identifier" | "string" | "bytes" | "number" | "parameter" | "symbol";
  /** A word in upper case, an identifier, parameter name or string without quotes and escapes, a symbol as it is. */
  readonly value: string;
  /** As written. */
  readonly raw: string;
  readonly start: number;
}

const patterns = {
  skip: /(?:\s+|--[^\n\r]*|#[^\n\r]*|\/\*[\s\S]*?(?:\*\/|$))+/y,
  string:
    /(?:[rR][bB]?|[bB][rR]?)?(?:"""(?:\\[\s\S]|[^\\])*?"""|'''(?:\\[\s\S]|[^\\])*?'''|"(?:\\[\s\S]|[^\\"])*"|'(?:\\[\s\S]|[^\\'])*')/y,
  identifier: /`(?:\\[\s\S]|[^\\`])*`/y,
  parameter: /@@?[A-Za-z_]\w*|\?/y,
  word: /[A-Za-z_]\w*/y,
  symbol: /\|\||<=|>=|<>|!=|=>|[\s\S]/uy,
  number: /0[xX][\da-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y,
};

export function tokenizeSql(sql: string): SqlToken[] {
  const tokens: SqlToken[] = [];
  let at = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(sql)?.[0];
  };
  const push = (kind: SqlToken["kind"], raw: string, value: string): void => {
    tokens.push({ kind, value, raw, start: at });
    at += raw.length;
  };
  for (;;) {
    at += match(patterns.skip)?.length ?? 0;
    if (at >= sql.length) return tokens;
    const literal = match(patterns.string);
    const identifier = match(patterns.identifier);
    const parameter = match(patterns.parameter);
    const word = match(patterns.word);
    const number = match(patterns.number);
    if (literal !== undefined) push(/^[rR]?[bB]/.test(literal) ? "bytes" : "string", literal, unquote(literal));
    else if (identifier !== undefined) push("identifier", identifier, unescape(identifier.slice(1, -1)));
    else if (parameter !== undefined) push("parameter", parameter, parameter.replace("@", ""));
    else if (word !== undefined) push("word", word, word.toUpperCase());
    else if (number !== undefined) push("number", number, number);
    else {
      const symbol = match(patterns.symbol) ?? "";
      push("symbol", symbol, symbol);
    }
  }
}

/** One list of tokens a statement; empty statements are left out. */
export function splitStatements(tokens: readonly SqlToken[]): SqlToken[][] {
  const statements: SqlToken[][] = [[]];
  for (const token of tokens) {
    if (token.kind === "symbol" && token.value === ";") statements.push([]);
    else statements.at(-1)?.push(token);
  }
  return statements.filter((statement) => statement.length > 0);
}

function unquote(literal: string): string {
  const [prefix = ""] = /^[rRbB]*/.exec(literal) ?? [];
  const body = literal.slice(prefix.length);
  const quotes = body.startsWith('"""') || body.startsWith("'''") ? 3 : 1;
  const inner = body.slice(quotes, -quotes);
  return /[rR]/.test(prefix) ? inner : unescape(inner);
}

const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", a: "\x07", b: "\b", f: "\f", v: "\v" };

function unescape(text: string): string {
  return text.replace(
    /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-3][0-7]{2})|([\s\S]))/g,
    (_all, hex?: string, short?: string, long?: string, octal?: string, other?: string) => {
      const code = hex ?? short ?? long;
      if (code !== undefined) return String.fromCodePoint(Number.parseInt(code, 16));
      if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
      return escapes[other as string] ?? (other as string);
    },
  );
}
