import { sql } from "@org/data-source-core";
import { inspect } from "node:util";
import { expect } from "vitest";
import { expectWorks, failure, type Suite } from "./suite.ts";

export function errorCases(suite: Suite): void {
  suite.test("errors: a syntax error, with its place", async ({ harness, create }) => {
    const source = create({ pool: { max: 1 } });
    const { text, position } = harness.sql.syntaxError;
    const error = await failure(source.query(text), "SYNTAX");
    expect([error.kind, error.position, error.isRetryable]).toEqual([harness.kind, position, false]);
    expect(error.sqlState ?? error.nativeCode).toEqual(expect.any(String));
    expect(error.cause).toBeDefined();
    await expectWorks(source);
  });

  suite.test("errors: what does not exist is NOT_FOUND", async ({ create }) => {
    const source = create({ pool: { max: 1 } });
    await failure(source.query("select * from conf_no_such_table"), "NOT_FOUND");
    await failure(source.query("select no_such_column from (select 1 as a) t"), "NOT_FOUND");
    await expectWorks(source);
  });

  suite.test("errors: what exists is ALREADY_EXISTS", async ({ harness, writable, table }) => {
    const { fragment } = await table();
    const create = writable().query(harness.sql.createTable(fragment), { readOnly: false });
    await failure(create, "ALREADY_EXISTS");
  });

  suite.test("errors: a broken constraint is CONSTRAINT", async ({ writable, table }) => {
    const { fragment, rows } = await table();
    const source = writable({ pool: { max: 1 } });
    const insert = sql`insert into ${fragment} (id, name) values (1, 'again')`;
    const error = await failure(source.query(insert, { readOnly: false }), "CONSTRAINT");
    expect(error.isRetryable).toBe(false);
    await expectWorks(source);
    expect(await rows()).toEqual([{ id: 1n, name: "one" }]);
  });

  suite.test("errors: a value the server cannot take is DATA", async ({ harness, create, needs }) => {
    await failure(create().query(needs(harness.sql.dataError, "data error")), "DATA");
  });

  suite.test("errors: SQL and values can be read and are not shown", async ({ create }) => {
    const text = "select * from conf_no_such_table /* canary-text-51 */ where 'canary-text-51' = 'b'";
    const error = await failure(create().query(text), "NOT_FOUND");
    expect(error.sql).toBe(text);
    for (const shown of [inspect(error, { depth: 10 }), JSON.stringify(error), String(error)]) {
      expect(shown).not.toContain("canary-text-51");
    }
    const bound = sql`select * from conf_no_such_table where 'b' = ${"canary-bound-62"}`;
    const other = await failure(create().query(bound), "NOT_FOUND");
    expect(other.params).toEqual(["canary-bound-62"]);
    expect(inspect(other, { depth: 10 }) + JSON.stringify(other)).not.toContain("canary-bound-62");
  });
}
