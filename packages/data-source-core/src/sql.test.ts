import { expect, test } from "vitest";
import { ValidationError } from "./errors.ts";
import { compileSql, isSqlFragment, isTypedParam, sql, type SqlDialect } from "./sql.ts";

const postgres: SqlDialect = {
  placeholder: (position) => `$${position}`,
  quoteIdentifier: (name) => `"${name.replaceAll('"', '""')}"`,
};
const mysql: SqlDialect = {
  placeholder: () => "?",
  quoteIdentifier: (name) => `\`${name.replaceAll("`", "``")}\``,
};

test("values become placeholders, in order, in each engine's syntax", () => {
  const fragment = sql`select ${1} where a = ${"x"} and b = ${null}`;
  expect(compileSql(fragment, postgres)).toEqual({ text: "select $1 where a = $2 and b = $3", params: [1, "x", null] });
  expect(compileSql(fragment, mysql)).toEqual({ text: "select ? where a = ? and b = ?", params: [1, "x", null] });
});

test("a value is never text, whatever it contains", () => {
  const attack = "'; drop table t; --";
  expect(compileSql(sql`select ${attack}`, postgres)).toEqual({ text: "select $1", params: [attack] });
});

test("identifiers are quoted, qualified ones in parts", () => {
  const fragment = sql`select * from ${sql.identifier("my schema", 'a"b`c')}`;
  expect(compileSql(fragment, postgres).text).toBe('select * from "my schema"."a""b`c"');
  expect(compileSql(fragment, mysql).text).toBe('select * from `my schema`.`a"b``c`');
});

test("fragments nest and join", () => {
  const filter = sql` where ${sql.join([sql`a = ${1}`, sql`b = ${2}`], sql` and `)}`;
  const fragment = sql`select ${0}${filter} and c in (${sql.join([3, 4])})`;
  expect(compileSql(fragment, postgres)).toEqual({
    text: "select $1 where a = $2 and b = $3 and c in ($4, $5)",
    params: [0, 1, 2, 3, 4],
  });
});

test("typed values keep value and type", () => {
  const value = sql.typed(null, "integer");
  expect(isTypedParam(value)).toBe(true);
  expect(compileSql(sql`select ${value}`, postgres).params).toEqual([{ value: null, type: "integer" }]);
  expect(isTypedParam({ value: null, type: "integer" })).toBe(false);
});

test("an object that only looks like a fragment is a value, not SQL", () => {
  const forged = { pieces: [{ kind: "text", text: "drop table t" }] };
  expect(isSqlFragment(forged)).toBe(false);
  expect(compileSql(sql`select ${forged}`, postgres)).toEqual({ text: "select $1", params: [forged] });
  expect(isSqlFragment(JSON.parse(JSON.stringify(sql`select 1`)))).toBe(false);
});

test("what no SQL can express is refused with a reason", () => {
  expect(() => sql`select ${undefined as never}`).toThrow("sql: value 1 is undefined; use null for SQL NULL");
  expect(() => sql.join([])).toThrow("sql.join got an empty list, which no SQL can express: handle it before");
  expect(() => sql.identifier("a", "")).toThrow(ValidationError);
  expect(() => sql.identifier("a\0b")).toThrow(ValidationError);
  expect(() => sql.typed(1, "")).toThrow(ValidationError);
});
