import { expect, test } from "vitest";
import { lexicalRules } from "./lexical-rules.ts";
import { tokenize } from "./tokenize.ts";

type Engine = keyof typeof lexicalRules;

/** Words as they are, `'` for a string, `"x"` for a quoted identifier. */
function shown(engine: Engine, sql: string): string {
  return tokenize(sql, lexicalRules[engine])
    .tokens.map(({ kind, text }) => (kind === "string" ? "'" : kind === "quoted" ? `"${text}"` : text))
    .join(" ");
}

/** Each hides DROP from the server, or shows it, and so must the tokens. */
test.each<[Engine, string, string]>([
  // strings
  ["postgres", "select 'it''s drop' x", "SELECT ' X"],
  ["postgres", String.raw`select 'a\' drop 'b'`, "SELECT ' DROP '"],
  ["postgres", String.raw`select E'a\' drop' x`, "SELECT ' X"],
  ["postgres", String.raw`select e'a\\' drop`, "SELECT ' DROP"],
  ["postgres", "select E'a'\n  -- c\n 'b\\' drop' x", "SELECT ' ' X"],
  ["postgres", "select 'a'\n'b\\' drop", "SELECT ' ' DROP"],
  ["postgres", "select N'a' B'1' X'ff' U&'a'", "SELECT N ' B ' X ' U & '"],
  ["mysql", String.raw`select 'a\' drop' x`, "SELECT ' X"],
  ["mysql", String.raw`select "a\" drop" x`, "SELECT ' X"],
  ["mysql", "select 'a''b' \"c\"\"d\" x", "SELECT ' ' X"],
  ["snowflake", String.raw`select 'a\' drop' x`, "SELECT ' X"],
  ["bigquery", String.raw`select "a\" drop" x`, "SELECT ' X"],
  ["bigquery", String.raw`select r'a\' drop' x`, "SELECT R ' X"],
  ["bigquery", "select '''a ' '' drop''' x", "SELECT ' X"],
  ["bigquery", 'select """a " drop""" x', "SELECT ' X"],
  ["bigquery", "select '' drop ''", "SELECT ' DROP '"],
  // identifiers
  ["postgres", 'select "drop ""x"" y" z', 'SELECT "drop "x" y" Z'],
  ["mysql", "select `drop``x` y", 'SELECT "drop`x" Y'],
  ["bigquery", "select `p.d\\`drop` y", 'SELECT "p.d\\`drop" Y'],
  ["postgres", "select a$b$ drop $c$ x $c$", "SELECT A$B$ DROP '"],
  ["snowflake", "select SYSTEM$WAIT(1)", "SELECT SYSTEM$WAIT ( 1 )"],
  ["mysql", "select abcé, x_ñ$ä1", "SELECT ABCÉ , X_Ñ$Ä1"],
  ["mysql", "select `a`.été, ñ", 'SELECT "a" . ÉTÉ , Ñ'],
  // dollar quotes
  ["postgres", "select $$drop$$ x", "SELECT ' X"],
  ["postgres", "select $tag$ drop $$ drop $tag$ x", "SELECT ' X"],
  ["postgres", "select $1 drop $2", "SELECT $ 1 DROP $ 2"],
  ["snowflake", "select $$drop ' $$ x", "SELECT ' X"],
  ["snowflake", "select $a$ drop $a$", "SELECT $ A$ DROP $ A$"],
  ["mysql", "select $$ drop", "SELECT $ $ DROP"],
  // comments
  ["postgres", "select /* drop /* drop */ drop */ 1 -- drop\n x", "SELECT 1 X"],
  ["mysql", "select /* a /* b */ drop", "SELECT DROP"],
  ["snowflake", "select 1 // drop\n x", "SELECT 1 X"],
  ["postgres", "select 4 // 2 drop", "SELECT 4 / / 2 DROP"],
  ["bigquery", "select 1 # drop\n x", "SELECT 1 X"],
  ["postgres", "select 1 # drop", "SELECT 1 # DROP"],
  ["mysql", "select 1 # drop\n -- drop\n x", "SELECT 1 X"],
  ["mysql", "select 1 --drop", "SELECT 1 - - DROP"],
  ["mysql", "select 1 --", "SELECT 1"],
  ["mysql", "select 1 --\x7f '\n drop '' -- '", "SELECT 1 DROP '"],
  ["postgres", "select 1 --drop\r drop", "SELECT 1 DROP"],
  ["mysql", "select 1 -- a\r drop", "SELECT 1"],
  ["mysql", "select /*!50701 drop */ 1 /*M! drop */ /*!drop*/", "SELECT DROP 1 DROP DROP"],
  ["mysql", "select /*! drop /* hidden */ x */ y", "SELECT DROP X Y"],
  ["mysql", "select /*!99999 ' */ ' drop", "SELECT ' DROP"],
  ["mysql", "select /*+ HINT(x) */ 1", "SELECT 1"],
  ["postgres", "select /*! drop */ 1", "SELECT 1"],
  ["postgres", "select '/*' , drop , '*/'", "SELECT ' , DROP , '"],
  ["postgres", "select '--' drop", "SELECT ' DROP"],
  // the rest
  ["postgres", "select 1.5e3, .5, 1, a.b;", "SELECT 1.5e3 , .5 , 1 , A . B ;"],
  ["postgres", "select\u00a0drop", "SELECT DROP"],
  ["postgres", "", ""],
])("%s: %s", (engine, sql, expected) => {
  expect(shown(engine, sql)).toBe(expected);
});

test.each<[Engine, string, string]>([
  ["postgres", "select 'open", "it has a quote without an end"],
  ["postgres", 'select "open', "it has a quote without an end"],
  ["postgres", "select $a$ open $b$", "it has a quote without an end"],
  ["postgres", "select /* /* */ open", "it has a comment without an end"],
  ["mysql", "select /*! open", "it has a comment without an end"],
  ["mysql", "select 'open\\'", "it has a quote without an end"],
  ["postgres", "select 1 a\u3000$$, drop --$$", "it has white space other than ASCII's"],
  ["mysql", "select\u00a01", "it has white space other than ASCII's"],
  ["snowflake", "select\ufeff1", "it has white space other than ASCII's"],
  ["snowflake", "/* /* */ select 1 -- */ drop", "it has a comment in a comment"],
  ["bigquery", "select\u00a0'open", "it has a quote without an end"],
  ["snowflake", "select 1 -- a\r drop", "a comment has a carriage return of its own"],
])("%s: %o is irregular", (engine, sql, reason) => {
  expect(tokenize(sql, lexicalRules[engine]).irregular).toBe(reason);
});

test("ordinary text is regular, with Windows line ends too", () => {
  const { irregular, executableComment } = tokenize("select 1 -- a\r\n, 'x' /* b */", lexicalRules.snowflake);
  expect([irregular, executableComment]).toEqual([undefined, false]);
  expect(tokenize("/*!1*/", lexicalRules.mysql).executableComment).toBe(true);
});

test("tokens know where they stand", () => {
  const sql = "select 'a' from \"b\"";
  const places = tokenize(sql, lexicalRules.postgres).tokens.map(({ start, end }) => sql.slice(start, end));
  expect(places).toEqual(["select", "'a'", "from", '"b"']);
});

test.each<[string, string]>([
  ["quotes", "'".repeat(200_000)],
  ["openings", "/*".repeat(100_000)],
  ["dollars", "$a".repeat(100_000)],
  ["white space after an escape string", `E'a'${" \n".repeat(100_000)}x`],
  ["dashes", "E'a' --".repeat(30_000)],
])("takes linear time for %s", (_, sql) => {
  const started = performance.now();
  tokenize(sql, lexicalRules.postgres);
  // Quadratic time would be many seconds here.
  expect(performance.now() - started).toBeLessThan(2000);
});
