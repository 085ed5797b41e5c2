import { expect, test } from "vitest";
import { errorPosition } from "./error-position.ts";

const said = (quoted: string, line: number): string =>
  `You have an error in your SQL syntax; check the manual for the right syntax to use near '${quoted}' at line ${line}`;

test.each([
  ["select 1 from where x", "where x", 1, 15],
  ["select *\nfrom t\n wher id = 1", "id = 1", 3, 23],
  ["select (1", "", 1, 10],
  ["select 1 1;", "1", 1, 10],
  ["select 1 1 ; ", "1", 1, 10],
  ["selec it's", "selec it's", 1, 1],
])("%j near %j", (sql, quoted, line, position) => {
  expect(errorPosition(said(quoted, line), sql)).toBe(position);
});

const long = "x".repeat(100);

test("a longer rest is found by its beginning, as both servers cut it", () => {
  const sql = `select 1 +\n  order by '${long}'`;
  const rest = sql.slice(13);
  expect(errorPosition(said(rest.slice(0, 80), 2), sql)).toBe(14);
  expect(errorPosition(said(`${rest.slice(0, 77)}...`, 2), sql)).toBe(14);
});

test("what stands in several places or nowhere has no position", () => {
  const twice = `order by '${long.slice(0, 90)}' `;
  expect(errorPosition(said(twice.slice(0, 80), 1), twice + twice)).toBeUndefined();
  expect(errorPosition(said("nowhere", 1), "select 1")).toBeUndefined();
  expect(errorPosition("Vous avez une erreur", "select 1")).toBeUndefined();
});
