import { expect } from "vitest";
import { expectWorks, numbersFrom, type Suite } from "./suite.ts";

export function limitCases(suite: Suite): void {
  suite.test("limits: maxRows is exact at its boundary", async ({ harness, create }) => {
    const source = create();
    for (const [available, kept, truncated] of [
      [4, 4, false],
      [5, 5, false],
      [6, 5, true],
      [500, 5, true],
    ] as const) {
      const result = await source.query<{ n: bigint }>(harness.sql.numbers(available), { maxRows: 5 });
      expect(result.rows.map((row) => row.n)).toEqual(numbersFrom(1, kept));
      expect(result.truncated, `${available} rows`).toBe(truncated);
    }
  });

  suite.test("limits: 10,000 rows by default", async ({ harness, create }) => {
    const result = await create().query(harness.sql.numbers(10_001));
    expect([result.rows.length, result.truncated]).toEqual([10_000, true]);
  });

  suite.test("limits: a data source has its own defaults, a call the last word", async ({ harness, create }) => {
    const source = create({ defaults: { maxRows: 3 } });
    expect((await source.query(harness.sql.numbers(5))).rows).toHaveLength(3);
    expect((await source.query(harness.sql.numbers(5), { maxRows: Infinity })).rows).toHaveLength(5);
  });

  suite.test("limits: maxBytes cuts at a row's end", async ({ create }) => {
    const text = [1, 2, 3, 4].map((n) => `select ${n} as n, '${"x".repeat(1000)}' as v`).join(" union all ");
    const cut = await create().query(text, { maxBytes: 2500 });
    expect([cut.rows.length, cut.truncated]).toEqual([2, true]);
    const whole = await create().query(text, { maxBytes: 100_000 });
    expect([whole.rows.length, whole.truncated]).toEqual([4, false]);
  });

  suite.test("limits: 10 of millions of rows come at once where the server keeps the limit", async (tools) => {
    const { harness, create, skip } = tools;
    const source = create();
    await expectWorks(source);
    const { enforcedBy } = source.capabilities.maxRows;
    if (enforcedBy !== "server") skip(`capabilities.maxRows is enforced by ${enforcedBy}`);
    const started = performance.now();
    const { rows } = await source.query(harness.sql.numbers(20_000_000), { maxRows: 10 });
    expect(rows).toHaveLength(10);
    expect(performance.now() - started).toBeLessThan(1000);
  });

  suite.test("limits: a cut result leaves the connection usable", async ({ harness, create }) => {
    const source = create({ pool: { max: 1 } });
    for (let round = 0; round < 5; round += 1) {
      const { rows } = await source.query(harness.sql.numbers(100_000), { maxRows: 2 });
      expect(rows).toHaveLength(2);
      await expectWorks(source);
    }
  });
}
