import { sql } from "@org/data-source-core";
import { expect } from "vitest";
import { failure, type Suite } from "./suite.ts";

const write = { readOnly: false } as const;

export function batchCases(suite: Suite): void {
  suite.test("batch: results in order, each with its own parameters", async ({ harness, create }) => {
    const results = await create().batch([
      "select 1 as a",
      sql`select ${sql.typed(2n, "integer")} as b`,
      { text: "select 3 as c", rowMode: "array" },
      harness.sql.numbers(2),
    ]);
    expect(results.map((result) => result.rows)).toEqual([[{ a: 1n }], [{ b: 2n }], [[3n]], [{ n: 1n }, { n: 2n }]]);
  });

  suite.test("batch: writes count what they changed", async ({ writable, table }) => {
    const { fragment, rows } = await table();
    const requests = [
      sql`insert into ${fragment} (id, name) values (2, 'two'), (3, 'three')`,
      sql`delete from ${fragment} where id = 1`,
    ];
    const results = await writable().batch(requests, write);
    expect(results.map((result) => result.rowsAffected)).toEqual([2, 1]);
    expect((await rows()).map((row) => row.id)).toEqual([2n, 3n]);
  });

  suite.test("batch: all or nothing", async ({ harness, writable, table, requires }) => {
    const source = writable({ pool: { max: 1 } });
    requires(source, "atomicBatch");
    const { fragment, rows } = await table();
    const requests = [sql`delete from ${fragment}`, harness.sql.syntaxError.text];
    await failure(source.batch(requests, write), "SYNTAX");
    expect(await rows()).toHaveLength(1);
  });

  suite.test("batch: of nothing is nothing; a wrong request stops it before it begins", async ({ writable, table }) => {
    const [source, { fragment, rows }] = [writable(), await table()];
    expect(await source.batch([])).toEqual([]);
    const requests = [sql`delete from ${fragment}`, { text: "select 1", params: [undefined as never] }];
    await failure(source.batch(requests, write), "VALIDATION");
    expect(await rows()).toHaveLength(1);
  });
}
