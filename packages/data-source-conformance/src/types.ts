import type { LogicalType } from "@org/data-source-core";
import { expect } from "vitest";
import { failure, type Suite } from "./suite.ts";

/** Every logical type but `other`, which by its nature has no common case. */
const logicalTypes: readonly LogicalType[] = [
  "boolean",
  "integer",
  "float",
  "decimal",
  "string",
  "bytes",
  "date",
  "time",
  "timetz",
  "timestamp",
  "timestamptz",
  "interval",
  "json",
  "uuid",
  "array",
  "struct",
  "range",
  "geometry",
  "bits",
];

export function typeCases(suite: Suite): void {
  for (const logical of logicalTypes) {
    suite.test(`types: ${logical}`, async ({ harness, create }) => {
      const cases = harness.types.filter((candidate) => candidate.type === logical);
      expect(cases, "types needs cases for it, or skip a reason why not").not.toEqual([]);
      const source = create();
      for (const { sql, value, type, nativeType, precision, scale } of cases) {
        const { rows, columns } = await source.query<{ v: unknown }>(`select ${sql} as v`);
        expect(rows[0]?.v, sql).toStrictEqual(value);
        expect(columns[0], sql).toMatchObject({
          type,
          ...(nativeType === undefined ? {} : { nativeType }),
          ...(precision === undefined ? {} : { precision }),
          ...(scale === undefined ? {} : { scale }),
        });
      }
    });
  }

  suite.test("types: the other cases of the harness", async ({ harness, create, needs }) => {
    const cases = harness.types.filter((candidate) => candidate.type === "other");
    needs(cases[0], "other types");
    for (const { sql, value } of cases) {
      const { rows, columns } = await create().query<{ v: unknown }>(`select ${sql} as v`);
      expect([rows[0]?.v, columns[0]?.type], sql).toStrictEqual([value, "other"]);
    }
  });

  suite.test("types: null is null in every type", async ({ harness, create }) => {
    const source = create();
    for (const { sql, null: nothing = null } of harness.types) {
      const { rows } = await source.query(`select case when 1 = 0 then ${sql} end as v`);
      expect(rows, sql).toEqual([{ v: nothing }]);
    }
  });

  suite.test("types: integers by mode", async ({ create }) => {
    const big = "select 9007199254740993 as v";
    expect((await create({ integers: "string" }).query(big)).rows).toEqual([{ v: "9007199254740993" }]);
    const safe = create({ integers: "safe-number" });
    expect((await safe.query("select 42 as v")).rows).toEqual([{ v: 42 }]);
    await failure(safe.query(big), "DATA");
  });

  suite.test("types: json as text on request", async ({ harness, create, needs }) => {
    const json = needs(
      harness.types.find((candidate) => candidate.type === "json"),
      "JSON type",
    );
    const { rows } = await create({ json: "text" }).query<{ v: unknown }>(`select ${json.sql} as v`);
    expect(rows[0]?.v).toEqual(expect.any(String));
  });

  suite.test("types: a stream gives the same values as a query", async ({ harness, create }) => {
    const source = create();
    for (const { sql, value } of harness.types) {
      const batches: unknown[] = [];
      for await (const rows of source.stream(`select ${sql} as v`)) batches.push(...rows);
      expect(batches, sql).toStrictEqual([{ v: value }]);
    }
  });
}
