import type { LexicalRules } from "./lexical-rules.ts";

export interface Token {
  /** `word`: unquoted. `quoted`: a quoted identifier. A comment is no token. */
  readonly kind: "word" | "quoted" | "string" | "number" | "symbol";
  /** A word in upper case, an identifier without its quotes, a number or symbol as it is, nothing for a string. */
  readonly text: string;
  /** Offsets in the SQL, `end` after the last character. */
  readonly start: number;
  readonly end: number;
}

export interface Tokens {
  readonly tokens: readonly Token[];
  /** Some of the tokens stand in a comment that the server executes. */
  readonly executableComment: boolean;
  /** Why these tokens may not be those that the server sees; such a text should not pass as read-only. */
  readonly irregular: string | undefined;
}

const asciiWord = /[A-Za-z_][\w$]*(?![\w$]|[^\0-\x7f])/y;
const word = /[\p{L}\p{M}_\u0080-\u{10FFFF}](?:[\p{L}\p{M}\p{N}_$]|[^\p{ASCII}\s])*/uy;
const number = /\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?/y;
const dollarTag = /\$(?:[\p{L}_\u0080-\u{10FFFF}][\p{L}\p{N}_\u0080-\u{10FFFF}]*)?\$/uy;
const executable = /\/\*M?!\d{0,6}/y;

/** Cuts SQL into tokens; strings and comments can hide nothing and reveal nothing. Linear in the text's length. */
export function tokenize(sql: string, rules: LexicalRules): Tokens {
  const tokens: Token[] = [];
  let at = 0;
  let executableComment = false;
  let executableDepth = 0;
  let irregular: string | undefined;

  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(sql)?.[0];
  };
  const push = (kind: Token["kind"], end: number, text = ""): void => {
    tokens.push({ kind, text, start: at, end });
    at = end;
  };
  /** The end of a quoted part whose content begins at `from`; the text's end if there is none. */
  const endOf = (from: number, quote: string, backslash: boolean, doubled: boolean): number => {
    for (let index = from; index < sql.length; index += 1) {
      if (backslash && sql[index] === "\\") index += 1;
      else if (sql.startsWith(quote, index)) {
        if (!doubled || sql[index + 1] !== quote) return index + quote.length;
        index += 1;
      }
    }
    irregular ??= "it has a quote without an end";
    return sql.length;
  };
  const string = (quote: string, backslash: boolean): void => {
    const triple = rules.tripleQuotes && sql.startsWith(quote.repeat(3), at);
    const delimiter = triple ? quote.repeat(3) : quote;
    push("string", endOf(at + delimiter.length, delimiter, backslash, !rules.tripleQuotes));
  };
  /** Where `E'a'` goes on, under the same rules, after white space with a line break. */
  const continuation = (): number | undefined => {
    let index = at;
    let isNewLine = false;
    while (/\s/.test(sql.charAt(index)) || sql.startsWith("--", index)) {
      isNewLine ||= sql[index] === "\n" || sql[index] === "\r";
      if (sql[index] === "-") while (index < sql.length && sql[index] !== "\n" && sql[index] !== "\r") index += 1;
      else index += 1;
    }
    return isNewLine && sql[index] === "'" ? index : undefined;
  };
  const escapeString = (): void => {
    string("'", true);
    for (let more = continuation(); more !== undefined; more = continuation()) {
      at = more;
      string("'", true);
    }
  };
  const identifier = (quote: string, backslash: boolean): void => {
    const end = endOf(at + 1, quote, backslash, !backslash);
    push("quoted", end, sql.slice(at + 1, end - 1).replaceAll(quote + quote, quote));
  };
  const lineComment = (): boolean => {
    const opening = rules.lineComments.find((candidate) => sql.startsWith(candidate, at));
    if (opening === undefined) return false;
    if (opening === "--" && rules.dashesNeedSpace && !/^[\0-\x20\x7f]?$/.test(sql.charAt(at + 2))) return false;
    let end = at;
    while (end < sql.length && sql[end] !== "\n" && !(rules.returnEndsComment && sql[end] === "\r")) {
      if (sql[end] === "\r" && sql[end + 1] !== "\n") irregular ??= "a comment has a carriage return of its own";
      end += 1;
    }
    at = end;
    return true;
  };
  const blockComment = (): void => {
    let depth = 0;
    do {
      if (sql.startsWith("/*", at) && (depth === 0 || rules.nestedComments === true)) {
        depth += 1;
        at += 2;
      } else if (sql.startsWith("*/", at)) {
        depth -= 1;
        at += 2;
      } else {
        if (rules.nestedComments === "unsure" && sql.startsWith("/*", at))
          irregular ??= "it has a comment in a comment";
        at += 1;
      }
    } while (depth > 0 && at < sql.length);
    if (depth > 0) irregular ??= "it has a comment without an end";
  };
  const slash = (): boolean => {
    if (!sql.startsWith("/*", at)) return false;
    const opening = rules.executableComments ? match(executable) : undefined;
    if (opening === undefined) blockComment();
    else {
      executableComment = true;
      executableDepth += 1;
      at += opening.length;
    }
    return true;
  };
  const dollar = (): boolean => {
    const tag = rules.dollarQuotes === "none" ? undefined : match(dollarTag);
    if (tag === undefined || (rules.dollarQuotes === "plain" && tag !== "$$")) return false;
    push("string", endOf(at + tag.length, tag, false, false));
    return true;
  };

  while (at < sql.length) {
    const char = sql[at] as string;
    if (char <= " ") at += 1;
    else if (char > "~" && /\s/.test(char)) {
      // Elsewhere a part of names: `a\u3000$$` is one, and begins no string.
      if (!rules.unicodeSpaces) irregular ??= "it has white space other than ASCII's";
      at += 1;
    } else if (("-#/".includes(char) && lineComment()) || (char === "/" && slash()) || (char === "$" && dollar()))
      continue;
    else if (char === "'") string("'", rules.backslashEscapes);
    else if (char === '"' && rules.doubleQuotes === "string") string('"', rules.backslashEscapes);
    else if (char === '"') identifier('"', false);
    else if (char === "`" && rules.backticks !== "none") identifier("`", rules.backticks === "backslash");
    else if (executableDepth > 0 && sql.startsWith("*/", at)) {
      executableDepth -= 1;
      at += 2;
    } else {
      const isPlain = char < "A" || (char > "Z" && char < "_") || (char > "z" && char <= "\x7f");
      const name = isPlain ? undefined : (match(asciiWord) ?? match(word));
      const digits = (char >= "0" && char <= "9") || char === "." ? match(number) : undefined;
      if (name !== undefined && rules.escapeStrings && name.toUpperCase() === "E" && sql[at + 1] === "'") {
        at += 1;
        escapeString();
      } else if (name !== undefined) push("word", at + name.length, name.toUpperCase());
      else if (digits !== undefined) push("number", at + digits.length, digits);
      else push("symbol", at + 1, char);
    }
  }
  if (executableDepth > 0) irregular ??= "it has a comment without an end";
  return { tokens, executableComment, irregular };
}
