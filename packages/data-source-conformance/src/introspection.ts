import type { Catalog, CatalogTable } from "@org/data-source-core";
import { afterAll, beforeAll, expect } from "vitest";
import { failure, type Suite } from "./suite.ts";

const tablesOf = (catalog: Catalog): readonly CatalogTable[] => catalog.schemas.flatMap((schema) => schema.tables);
const namesOf = (catalog: Catalog): string[] =>
  tablesOf(catalog)
    .map((table) => table.name)
    .sort();

export function introspectionCases(suite: Suite): void {
  const fixture = suite.harness.introspection;
  const run = async (statements: readonly string[]): Promise<void> => {
    await using source = suite.harness.create({ access: "read-write" });
    for (const statement of statements) await source.query(statement, { readOnly: false });
  };
  beforeAll(() => run(fixture.setup));
  afterAll(() => run(fixture.teardown));
  const names = fixture.tables.map((table) => table.name).sort();

  suite.test("introspection: tables, columns, keys and the rest, as they are", async ({ create }) => {
    const catalog = await create().introspect(fixture.scope);
    expect(catalog.warnings).toEqual([]);
    expect(catalog.schemas.map((schema) => schema.name)).toEqual([fixture.schema]);
    expect(namesOf(catalog)).toEqual(names);
    for (const expected of fixture.tables) {
      const table = tablesOf(catalog).find((candidate) => candidate.name === expected.name);
      expect(table, expected.name).toMatchObject(expected);
    }
  });

  suite.test("introspection: every column has its place and types", async ({ create }) => {
    for (const table of tablesOf(await create().introspect(fixture.scope))) {
      expect(table.columns.map((column) => column.position)).toEqual(table.columns.map((_, index) => index + 1));
      for (const column of table.columns) expect(column.nativeType, column.name).not.toBe("");
    }
  });

  suite.test("introspection: a view has its definition", async ({ create }) => {
    const view = tablesOf(await create().introspect(fixture.scope)).find((table) => table.name === "conf_view");
    expect(view?.kind).toBe("view");
    expect(view?.definition?.toLowerCase()).toContain("select");
  });

  suite.test("introspection: include, exclude and wildcards", async ({ create }) => {
    const source = create();
    const { scope } = fixture;
    const one = names[0] as string;
    const of = async (tables: object): Promise<string[]> => namesOf(await source.introspect({ ...scope, tables }));
    expect(await of({ include: [one] })).toEqual([one]);
    expect(await of({ include: names, exclude: [one] })).toEqual(names.slice(1));
    expect(await of({ include: ["conf_v*w"] })).toEqual(["conf_view"]);
    // In a LIKE pattern these would match.
    expect(await of({ include: ["conf_vie_", "conf%"] })).toEqual([]);
    expect(await of({ include: ["conf_vie\\*"] })).toEqual([]);
  });

  suite.test("introspection: names are bound, never spliced", async ({ create }) => {
    const hostile = ["x' or '1'='1", '"; drop table conf_view; --', "`", "\\", "$1", "?"];
    const source = create();
    const { scope } = fixture;
    expect(namesOf(await source.introspect({ ...scope, tables: { include: hostile } }))).toEqual([]);
    expect(namesOf(await source.introspect({ ...scope, schemas: { include: hostile } }))).toEqual([]);
    expect(namesOf(await source.introspect({ ...scope, tables: { include: names, exclude: hostile } }))).toEqual(names);
  });

  suite.test(
    "introspection: a fixed number of statements, whatever the number of tables",
    async ({ harness, create, needs }) => {
      const statements = needs(harness.observe.statements, "count of statements");
      const source = create({ pool: { max: 1 } });
      await source.introspect(fixture.scope);
      const count = async (include: readonly string[]): Promise<number> => {
        const before = await statements();
        await source.introspect({ ...fixture.scope, tables: { include } });
        return (await statements()) - before;
      };
      expect(await count(names)).toBe(await count([names[0] as string]));
    },
  );

  suite.test("introspection: statistics on request, at a bounded cost", async ({ create }) => {
    const without = tablesOf(await create().introspect(fixture.scope));
    expect(without.flatMap((table) => table.columns.filter((column) => column.statistics))).toEqual([]);
    const catalog = await create().introspect(fixture.scope, { statistics: { sampleRows: 100, samples: 3 } });
    const table = tablesOf(catalog).find((candidate) => candidate.kind === "table");
    for (const column of table?.columns ?? []) {
      if (column.statistics === undefined) {
        expect(catalog.warnings, column.name).not.toEqual([]);
        continue;
      }
      expect(column.statistics.sampledRows ?? 0).toBeLessThanOrEqual(100);
      expect(column.statistics.samples?.length ?? 0).toBeLessThanOrEqual(3);
    }
  });

  suite.test("introspection: an abort rejects, a wrong scope is refused by name", async ({ create }) => {
    await failure(create().introspect(fixture.scope, { signal: AbortSignal.abort() }), "CANCELLED");
    const wrong = { tables: { includes: ["a"] } } as object;
    expect(await failure(create().introspect(wrong), "VALIDATION")).toMatchObject({ field: "tables.includes" });
  });
}
