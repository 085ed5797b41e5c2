import { expect, test } from "vitest";
import type { Catalog, CatalogTable } from "./catalog.ts";
import { DataSourceError, type ErrorCode } from "./errors.ts";
import { sampleTables } from "./sampling.ts";

const table = (name: string): CatalogTable => ({ name, columns: [] }) as unknown as CatalogTable;
const catalog = {
  schemas: [
    { name: "a", tables: [table("one"), table("two")] },
    { name: "b", tables: [table("three")] },
  ],
  warnings: [{ part: "indexes", message: "before", schema: undefined, table: undefined }],
} as unknown as Catalog;
const failure = (code: ErrorCode): DataSourceError => new DataSourceError({ code, message: "no" });
const both = { concurrency: 2, signal: undefined };

test("each table becomes what was made of it; one that fails stays, with a warning", async () => {
  const { schemas, warnings } = await sampleTables(catalog, both, async (schema, { name }) => {
    if (name === "two") throw failure("STATEMENT_TIMEOUT");
    return table(`${schema.name}.${name}`);
  });
  expect(schemas.map(({ tables }) => tables.map(({ name }) => name))).toEqual([["a.one", "two"], ["b.three"]]);
  expect(warnings).toEqual([
    { part: "indexes", message: "before", schema: undefined, table: undefined },
    { part: "statistics", message: "no", schema: "a", table: "two" },
  ]);
});

test("no more at once than may be", async () => {
  let running = 0;
  let most = 0;
  await sampleTables(catalog, both, async (_schema, sampled) => {
    most = Math.max(most, (running += 1));
    await Promise.resolve();
    running -= 1;
    return sampled;
  });
  expect(most).toBe(2);
});

test.each<[what: string, error: Error, signal: AbortSignal | undefined]>([
  ["a closed data source", failure("CLOSED"), undefined],
  ["an abort", failure("CANCELLED"), AbortSignal.abort()],
  ["what is no error of ours", new TypeError("bug"), undefined],
])("%s ends it all", async (_what, error, signal) => {
  const sampled = sampleTables(catalog, { concurrency: 1, signal }, () => Promise.reject(error));
  await expect(sampled).rejects.toBe(error);
});
