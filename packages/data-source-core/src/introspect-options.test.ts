import { expect, test } from "vitest";
import { likePattern, resolveIntrospectOptions, resolveScope } from "./introspect-options.ts";
import { resolveSourceOptions } from "./source-options.ts";

const { defaults } = resolveSourceOptions({});

test.each([
  ["orders", "orders"],
  ["sales_*", "sales\\_%"],
  ["100%_\\", "100\\%\\_\\\\"],
  ["a\\*b*", "a*b%"],
  ["*", "%"],
])("%s as a LIKE pattern is %s", (name, pattern) => {
  expect(likePattern(name)).toBe(pattern);
});

test("what is left out is everything", () => {
  const all = { include: undefined, exclude: [] };
  expect(resolveScope()).toEqual({ catalogs: undefined, schemas: all, tables: all });
  expect(resolveScope({ catalogs: ["a_b"], tables: { include: ["x_*"], exclude: ["y"] } })).toEqual({
    catalogs: ["a_b"],
    schemas: all,
    tables: { include: ["x\\_%"], exclude: ["y"] },
  });
  expect(resolveScope({ tables: { exclude: [] } }).tables).toEqual(all);
});

test("statistics are off unless asked for, and bounded then", () => {
  expect(resolveIntrospectOptions(undefined, defaults)).toEqual({
    signal: undefined,
    statementTimeoutMs: 60_000,
    queryTags: undefined,
    statistics: undefined,
  });
  expect(resolveIntrospectOptions({ statistics: { samples: 3 } }, defaults).statistics).toEqual({
    sampleRows: 10_000,
    samples: 3,
    concurrency: 2,
    statementTimeoutMs: 10_000,
  });
});

test.each<[() => unknown, string]>([
  [() => resolveScope({ table: {} } as object), "table is not an option; known: catalogs, schemas, tables"],
  [() => resolveScope({ tables: { includes: ["a"] } } as object), "tables.includes is not an option"],
  [() => resolveScope({ tables: { include: [] } }), "tables.include must be an array of at least one name"],
  [() => resolveScope({ schemas: { exclude: ["a", ""] } }), "schemas.exclude[1] must be a non-empty string"],
  [() => resolveScope({ catalogs: "a" as never }), "catalogs must be an array"],
  [() => resolveScope("public" as never), "scope must be an object; got a string"],
  [() => resolveIntrospectOptions({ statistics: true as never }, defaults), "statistics must be an object; got true"],
  [() => resolveIntrospectOptions({ statistics: { concurrency: 0 } }, defaults), "statistics.concurrency must be"],
  [() => resolveIntrospectOptions({ maxRows: 1 } as object, defaults), "maxRows is not an option"],
])("refused by name %#", (attempt, message) => {
  expect(attempt).toThrow(message);
  expect(attempt).toThrow(expect.objectContaining({ code: "VALIDATION" }));
});
