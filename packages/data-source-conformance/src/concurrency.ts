import { sql } from "@org/data-source-core";
import { expect } from "vitest";
import { eventually, expectWorks, failure, marker, untilNoneOpen, type Suite } from "./suite.ts";

export function concurrencyCases(suite: Suite): void {
  suite.test("concurrency: 200 at once each get their own result", async ({ create }) => {
    const source = create({ pool: { max: 5 } });
    const values = Array.from({ length: 200 }, (_, index) => BigInt(index));
    const results = await Promise.all(
      values.map(async (value) => (await source.query(sql`select ${sql.typed(value, "integer")} as v`)).rows),
    );
    expect(results).toEqual(values.map((v) => [{ v }]));
  });

  suite.test("concurrency: successes, failures, timeouts, aborts and streams on few connections", async (tools) => {
    const { harness, create } = tools;
    const source = create({ pool: { max: 3 } });
    const { openConnections } = harness.observe;
    if (openConnections) await untilNoneOpen(openConnections);
    const kinds: ((value: bigint) => Promise<void>)[] = [
      async (value: bigint) => {
        const { rows } = await source.query(sql`select ${sql.typed(value, "integer")} as v`);
        expect(rows).toEqual([{ v: value }]);
      },
      async () => {
        await failure(source.query(harness.sql.syntaxError.text), "SYNTAX");
      },
      async () => {
        await failure(
          source.query(harness.sql.sleep(30, marker()), { statementTimeoutMs: 300 }),
          "STATEMENT_TIMEOUT",
          "ACQUIRE_TIMEOUT",
        );
      },
      async () => {
        const signal = AbortSignal.timeout(50);
        await failure(source.query(harness.sql.sleep(30, marker()), { signal }), "CANCELLED");
      },
      async () => {
        for await (const rows of source.stream(harness.sql.numbers(100_000))) if (rows.length > 0) break;
      },
    ];
    const each = kinds.flatMap((run, kind) => Array.from({ length: 8 }, (_, index) => run(BigInt(10 * index + kind))));
    await Promise.all(each);
    await expectWorks(source);
    if (openConnections) {
      await eventually(openConnections, (open) => open <= 3, 2000, "connections after the storm");
    }
  });

  suite.test("concurrency: two data sources do not share limits or settings", async ({ harness, create }) => {
    const [small, large] = [create({ defaults: { maxRows: 1 } }), create({ integers: "string" })];
    const [a, b] = await Promise.all([small.query(harness.sql.numbers(3)), large.query(harness.sql.numbers(3))]);
    expect(a.rows).toEqual([{ n: 1n }]);
    expect(b.rows).toEqual([{ n: "1" }, { n: "2" }, { n: "3" }]);
  });
}
