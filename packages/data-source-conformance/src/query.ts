import { sql, type StandardSchema } from "@org/data-source-core";
import { expect } from "vitest";
import { columnsOf, expectWorks, failure, type Suite } from "./suite.ts";

export function queryCases(suite: Suite): void {
  suite.test("query: rows, columns and figures", async ({ harness, create }) => {
    const result = await create().query<{ n: bigint }>(harness.sql.numbers(3));
    expect(result.rows).toEqual([{ n: 1n }, { n: 2n }, { n: 3n }]);
    expect(result.columns).toMatchObject([
      { name: "n", key: "n", type: "integer", nativeType: expect.any(String) as string },
    ]);
    expect([result.truncated, result.rowsAffected]).toEqual([false, undefined]);
    expect(result.timings.totalMs).toBeGreaterThan(0);
  });

  suite.test("query: rows as arrays on request", async ({ create }) => {
    const result = await create().query({ text: "select 1 as a, 'x' as b", rowMode: "array" });
    expect(result.rows).toEqual([[1n, "x"]]);
  });

  suite.test("query: columns of one name lose nothing", async ({ create }) => {
    const result = await create().query("select 1 as id, 2 as id, 3 as id_2");
    expect(result.rows).toEqual([{ id: 1n, id_3: 2n, id_2: 3n }]);
    expect(result.columns.map(({ name, key }) => [name, key])).toEqual([
      ["id", "id"],
      ["id", "id_3"],
      ["id_2", "id_2"],
    ]);
  });

  suite.test("query: a column may have any name", async ({ create }) => {
    for (const name of ["__proto__", "constructor", "Mixed Case", "select"]) {
      const { rows, columns } = await create().query<object>(sql`select 1 as ${sql.identifier(name)}`);
      expect(columns.map((column) => column.name)).toEqual([name]);
      expect(Object.entries(rows[0] ?? {})).toEqual([[name, 1n]]);
    }
  });

  suite.test("query: an empty result has its columns", async ({ create }) => {
    const result = await create().query("select * from (select 1 as a, 'x' as b) t where a = 2");
    expect(result.rows).toEqual([]);
    expect(result.columns.map((column) => column.name)).toEqual(["a", "b"]);
    expect(result.truncated).toBe(false);
  });

  suite.test("query: a final semicolon and comments are fine", async ({ create }) => {
    const { rows } = await create().query("-- first\nselect 1 as a /* in between */ ;\n-- last\n");
    expect(rows).toEqual([{ a: 1n }]);
  });

  suite.test("query: a long text", async ({ create }) => {
    const text = "x".repeat(100_000);
    expect((await create().query(`select '${text}' as v`)).rows).toEqual([{ v: text }]);
  });

  suite.test("query: writes count what they changed", async ({ writable, table }) => {
    const [source, { fragment, rows }] = [writable(), await table()];
    const write = { readOnly: false };
    const inserted = await source.query(sql`insert into ${fragment} (id, name) values (2, 'two'), (3, null)`, write);
    expect([inserted.rowsAffected, inserted.rows, inserted.truncated]).toEqual([2, [], false]);
    const updated = await source.query(sql`update ${fragment} set name = 'new' where id >= 2`, write);
    expect(updated.rowsAffected).toBe(2);
    const none = await source.query(sql`update ${fragment} set name = 'new' where id = 99`, write);
    expect(none.rowsAffected).toBe(0);
    const deleted = await source.query(sql`delete from ${fragment} where id = 1`, write);
    expect(deleted.rowsAffected).toBe(1);
    expect(await rows()).toEqual([
      { id: 2n, name: "new" },
      { id: 3n, name: "new" },
    ]);
  });

  suite.test("query: tags change neither result nor error position", async ({ harness, create }) => {
    const source = create();
    const queryTags = { team: "it's */ --; ?", jöb: "$1 :a @b" };
    expect((await source.query("select 1 as a", { queryTags })).rows).toEqual([{ a: 1n }]);
    const { text, position } = harness.sql.syntaxError;
    expect((await failure(source.query(text, { queryTags }), "SYNTAX")).position).toBe(position);
  });

  suite.test("query: a row schema validates and transforms", async ({ harness, create }) => {
    const source = create();
    const rowSchema: StandardSchema<number> = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: (row) => {
          const { n } = row as { n: bigint };
          return n < 4n ? { value: Number(n) } : { issues: [{ message: "too large", path: ["n"] }] };
        },
      },
    };
    expect((await source.query(harness.sql.numbers(3), { rowSchema })).rows).toEqual([1, 2, 3]);
    const error = await failure(source.query(harness.sql.numbers(5), { rowSchema }), "ROW_VALIDATION");
    expect(error.message).toContain("Row 4");
    expect(error.message).toContain("n: too large");
    await expectWorks(source);
  });

  suite.test("query: what is not a request or an option is refused by name", async ({ create }) => {
    const source = create();
    expect(await failure(source.query(""), "VALIDATION")).toMatchObject({ field: "text" });
    expect(await failure(source.query("select 1", { maxRow: 1 } as object), "VALIDATION")).toMatchObject({
      field: "maxRow",
    });
    expect(
      await failure(
        columnsOf(() => source.stream("")),
        "VALIDATION",
      ),
    ).toMatchObject({ field: "text" });
    expect(await failure(source.query("select 1", { maxRows: -1 }), "VALIDATION")).toMatchObject({ field: "maxRows" });
  });

  suite.test(
    "query: estimate says what a statement would cost, and does not run it",
    async ({ writable, table, requires }) => {
      const [source, { fragment, rows }] = [writable(), await table()];
      requires(source, "estimate");
      const estimate = await source.estimate(sql`select * from ${fragment}`);
      expect(["dry-run", "plan"]).toContain(estimate.source);
      // On a read-write source, as a read: whether refused or estimated, it must not run.
      await source.estimate(sql`delete from ${fragment}`).catch(() => undefined);
      expect(await rows()).toHaveLength(1);
      await failure(source.estimate("select * from no_such_table_here"));
    },
  );
}
