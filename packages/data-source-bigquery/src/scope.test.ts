import { expect, test } from "vitest";
import { matchesName, resolveScope, resolveStatistics } from "./scope.ts";

const matches = (include: string, name: string): boolean =>
  matchesName(resolveScope({ tables: { include: [include] } }).tables, name);

test.each([
  ["orders", "orders", true],
  ["orders", "orders_2", false],
  ["ord*", "orders", true],
  ["*_old", "orders_old", true],
  ["a*c*e", "abcde", true],
  ["a\\*c", "a*c", true],
  ["a\\*c", "abc", false],
  ["o.ders", "orders", false],
  ["o_ders", "orders", false],
  ["(a|b)", "a", false],
  ["a\\b", "a\\b", true],
  ["größe", "größe", true],
  ["*", "line\nbreak", true],
  ["Orders", "orders", false],
])("%j takes %j: %s", (pattern, name, expected) => {
  expect(matches(pattern, name)).toBe(expected);
});

test("exclude wins; nothing stated is everything; an empty include is nothing", () => {
  const { tables } = resolveScope({ tables: { include: ["a*"], exclude: ["ab"] } });
  expect(["aa", "ab"].map((name) => matchesName(tables, name))).toEqual([true, false]);
  expect(matchesName(resolveScope(undefined).tables, "any")).toBe(true);
  expect(matchesName(resolveScope({ tables: { include: [] } }).tables, "any")).toBe(false);
});

test("wrong scopes and statistics name the field", () => {
  const field = (work: () => unknown, name: string): void => {
    expect(work, name).toThrow(expect.objectContaining({ code: "VALIDATION", field: name }));
  };
  field(() => resolveScope({ tables: { include: "a" } } as never), "tables.include");
  field(() => resolveScope({ schemas: { include: [1] } } as never), "schemas.include[0]");
  field(() => resolveScope({ catalogs: ["a`; drop"] }), "catalogs[0]");
  field(() => resolveScope({ datasets: [] } as never), "datasets");
  field(() => resolveStatistics({ sampleRows: 0 }), "statistics.sampleRows");
  field(() => resolveStatistics({ rows: 1 } as never), "statistics.rows");
  expect(resolveStatistics({})).toEqual({ sampleRows: 10_000, samples: 0, concurrency: 2, statementTimeoutMs: 10_000 });
});
