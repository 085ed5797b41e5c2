import { sql, type ParamValue, type SqlFragment } from "@org/data-source-core";
import { expect } from "vitest";
import { expectWorks, failure, type Suite } from "./suite.ts";

const texts = [
  "",
  "'; drop table t; --",
  'quote " double',
  "back\\slash \\' and \\n",
  "$1 ? :name @name %s {0}",
  "line\nbreak\ttab",
  "ümlaut \u{1F600} 漢字",
  "/* comment */ -- x",
];

export function parameterCases(suite: Suite): void {
  suite.test("parameters: text arrives as it was sent", async ({ harness, create }) => {
    const source = create();
    const selected = texts.map(
      (text, index) => sql`${harness.sql.textParam(sql`${text}`)} as ${sql.identifier(`c${index}`)}`,
    );
    const { rows } = await source.query<Record<string, unknown>>(sql`select ${sql.join(selected)}`);
    expect(Object.values(rows[0] ?? {})).toEqual(texts);
  });

  suite.test("parameters: nulls, typed and not", async ({ harness, create }) => {
    const { textParam } = harness.sql;
    const request = sql`select ${textParam(sql`${null}`)} as a, ${sql.typed(null, "integer")} as b`;
    const { rows } = await create().query(request);
    expect(rows).toEqual([{ a: null, b: null }]);
  });

  suite.test("parameters: integers keep all digits", async ({ create }) => {
    const source = create();
    for (const value of [0n, -1n, 9007199254740993n, 9223372036854775807n, -9223372036854775808n]) {
      const { rows } = await source.query(sql`select ${sql.typed(value, "integer")} as v`);
      expect(rows).toEqual([{ v: value }]);
    }
  });

  suite.test("parameters: what the harness adds", async ({ harness, create, needs }) => {
    needs(harness.roundTrips[0], "further parameters");
    const source = create();
    for (const { value, type, returned, select = (fragment: SqlFragment) => fragment } of harness.roundTrips) {
      const bound: ParamValue = type === undefined ? value : sql.typed(value, type);
      const { rows } = await source.query<{ v: unknown }>(sql`select ${select(sql`${bound}`)} as v`);
      expect(rows[0]?.v, `${typeof value} ${type ?? ""}`).toStrictEqual(returned);
    }
  });

  suite.test("parameters: a value is never SQL", async ({ create, table }) => {
    const [source, { fragment, rows }] = [create(), await table()];
    const attack = "one' or '1' = '1";
    const result = await source.query(sql`select id from ${fragment} where name = ${attack}`);
    expect(result.rows).toEqual([]);
    expect(await rows()).toHaveLength(1);
  });

  suite.test("parameters: a wrong number is an error, and the source still works", async ({ create }) => {
    const source = create({ pool: { max: 1 } });
    await failure(source.query({ text: "select 1 as a", params: [1, 2] }));
    await expectWorks(source);
  });

  suite.test("parameters: undefined is refused by name", async ({ create }) => {
    const error = await failure(create().query({ text: "select 1", params: [undefined as never] }), "VALIDATION");
    expect(error).toMatchObject({ field: "params[0]" });
  });
}
