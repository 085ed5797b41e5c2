/** How an engine's SQL is cut into tokens: just enough to know what is inside of a string or comment. */
export interface LexicalRules {
  /** `\'` does not end a string. On Postgres only in `E'…'` (`escapeStrings`). */
  readonly backslashEscapes: boolean;
  readonly escapeStrings: boolean;
  readonly doubleQuotes: "identifier" | "string";
  readonly backticks: "none" | "doubled" | "backslash";
  /** `plain`: `$$…$$`. `tagged`: `$tag$…$tag$` too. */
  readonly dollarQuotes: "none" | "plain" | "tagged";
  /** `'''…'''` and `"""…"""`; a doubled quote then does not stand for one. */
  readonly tripleQuotes: boolean;
  /** `unsure`: a text in which it matters is irregular. */
  readonly nestedComments: boolean | "unsure";
  /** What stands in `/*! … *\/` and `/*M! … *\/` is run. */
  readonly executableComments: boolean;
  readonly lineComments: readonly ("--" | "#" | "//")[];
  /** `--` begins a comment only before white space, a control character or at the end. */
  readonly dashesNeedSpace: boolean;
  /** White space that is not ASCII, such as U+00A0, separates. */
  readonly unicodeSpaces: boolean;
  /** A lone carriage return ends a line comment. */
  readonly returnEndsComment: boolean;
}

const postgres: LexicalRules = {
  backslashEscapes: false,
  escapeStrings: true,
  doubleQuotes: "identifier",
  backticks: "none",
  dollarQuotes: "tagged",
  tripleQuotes: false,
  nestedComments: true,
  executableComments: false,
  lineComments: ["--"],
  dashesNeedSpace: false,
  unicodeSpaces: false,
  returnEndsComment: true,
};

const base: LexicalRules = { ...postgres, backslashEscapes: true, escapeStrings: false, nestedComments: false };

/**
 * The engines' rules with their default settings: Postgres with standard_conforming_strings, MySQL without ANSI_QUOTES
 * and NO_BACKSLASH_ESCAPES. An adapter must see to it that a connection has these.
 */
export const lexicalRules: Readonly<Record<"postgres" | "mysql" | "snowflake" | "bigquery", LexicalRules>> = {
  postgres,
  mysql: {
    ...base,
    doubleQuotes: "string",
    backticks: "doubled",
    dollarQuotes: "none",
    executableComments: true,
    lineComments: ["--", "#"],
    dashesNeedSpace: true,
    returnEndsComment: false,
  },
  snowflake: {
    ...base,
    nestedComments: "unsure",
    dollarQuotes: "plain",
    lineComments: ["--", "//"],
    returnEndsComment: false,
  },
  bigquery: {
    ...base,
    doubleQuotes: "string",
    backticks: "backslash",
    dollarQuotes: "none",
    tripleQuotes: true,
    lineComments: ["--", "#"],
    unicodeSpaces: true,
  },
};
