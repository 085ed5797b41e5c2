import type { LexicalRules } from "./lexical-rules.ts";
import { tokenize, type Token } from "./tokenize.ts";

/** One statement of a text, by its tokens. */
export interface Statement {
  readonly tokens: readonly Token[];
  /** The first word: `SELECT`, `WITH`, `EXPLAIN`… Empty if it begins otherwise. */
  readonly first: string;
  /** What it does: the first word, or after the list of a WITH the word that follows. */
  readonly verb: string;
  /** Every unquoted word, in upper case, at any depth. */
  readonly words: ReadonlySet<string>;
  /** The names before a `(`, in upper case, quoted or not, without their schema. Keywords such as `IN` too. */
  readonly calls: ReadonlySet<string>;
  /** The names after a `.`, in upper case, quoted or not: a column, or on Postgres a function, as in `(x).f`. */
  readonly members: ReadonlySet<string>;
}

export interface Classification {
  readonly statements: readonly Statement[];
  readonly executableComment: boolean;
  /** Why the tokens may not be what the server sees. Refuse such a text where it matters. */
  readonly irregular: string | undefined;
}

/** What an adapter's read-only.ts states its refusals on. Remembers the latest texts. */
export type Classifier = (sql: string) => Classification;

const remembered = 256;
const longestRemembered = 10_000;

export function createClassifier(rules: LexicalRules): Classifier {
  const known = new Map<string, Classification>();
  return (sql) => {
    const cached = known.get(sql);
    if (cached) return cached;
    const { tokens, executableComment, irregular } = tokenize(sql, rules);
    const classification = { statements: split(tokens).map(describe), executableComment, irregular };
    if (sql.length <= longestRemembered) {
      if (known.size >= remembered) known.delete(known.keys().next().value as string);
      known.set(sql, classification);
    }
    return classification;
  };
}

/**
 * Whether these unquoted words stand next to each other.
 *
 * @example
 * ```ts
 * import { hasSequence, type Statement } from "@org/data-source-core/adapter";
 *
 * declare const statement: Statement;
 * const writesFile = hasSequence(statement, "INTO", "OUTFILE");
 * ```
 */
export function hasSequence({ tokens }: Statement, ...words: readonly string[]): boolean {
  return tokens.some((_, start) =>
    words.every((word, offset) => {
      const token = tokens[start + offset];
      return token?.kind === "word" && token.text === word;
    }),
  );
}

function split(tokens: readonly Token[]): Token[][] {
  const statements: Token[][] = [[]];
  for (const token of tokens) {
    if (isSymbol(token, ";")) statements.push([]);
    else statements.at(-1)?.push(token);
  }
  return statements.filter((statement) => statement.length > 0);
}

function describe(tokens: readonly Token[]): Statement {
  const begin = tokens.find((token) => !isSymbol(token, "("));
  const first = begin?.kind === "word" ? begin.text : "";
  const words = new Set(tokens.filter((token) => token.kind === "word").map((token) => token.text));
  const calls = new Set<string>();
  const members = new Set<string>();
  for (const [index, token] of tokens.entries()) {
    const before = tokens[index - 1];
    if (isSymbol(before, ".") && (token.kind === "word" || token.kind === "quoted"))
      members.add(token.text.toUpperCase());
    if (isSymbol(token, "(") && (before?.kind === "word" || before?.kind === "quoted")) {
      calls.add(before.text.toUpperCase());
    }
  }
  return { tokens, first, verb: first === "WITH" ? verbAfterWith(tokens) : first, words, calls, members };
}

const verbs = new Set(["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "VALUES", "TABLE", "FROM"]);

/** The first verb outside of the parentheses that hold the common table expressions. */
function verbAfterWith(tokens: readonly Token[]): string {
  let depth = 0;
  let home: number | undefined;
  for (const token of tokens) {
    if (isSymbol(token, "(")) depth += 1;
    else if (isSymbol(token, ")")) depth -= 1;
    else if (token.kind === "word") {
      home ??= depth;
      if (depth === home && verbs.has(token.text)) return token.text;
    }
  }
  // `with a as (…) (select …)`: the query itself in parentheses.
  return tokens.some((token) => token.kind === "word" && token.text === "SELECT") ? "SELECT" : "WITH";
}

function isSymbol(token: Token | undefined, symbol: string): boolean {
  return token?.kind === "symbol" && token.text === symbol;
}
