import { sql, type QueryStream } from "@org/data-source-core";
import { expect } from "vitest";
import { expectWorks, failure, numbersFrom, pause, type Suite } from "./suite.ts";

type Numbers = QueryStream<{ n: bigint }>;

async function collect(stream: Numbers): Promise<bigint[][]> {
  const batches: bigint[][] = [];
  for await (const rows of stream) batches.push(rows.map((row) => row.n));
  return batches;
}

export function streamCases(suite: Suite): void {
  suite.test("stream: every row once, in order, in batches", async ({ harness, create }) => {
    const stream: Numbers = create().stream(harness.sql.numbers(2500), { batchRows: 1000 });
    const batches = await collect(stream);
    expect(batches.flat()).toEqual(numbersFrom(1, 2500));
    for (const batch of batches) expect(batch.length).toBeLessThanOrEqual(1000);
    expect([stream.rowsDelivered, stream.truncated]).toEqual([2500, false]);
  });

  suite.test("stream: the columns come before the first row, also of an empty result", async ({ create }) => {
    const stream = create().stream("select * from (select 1 as a, 'x' as b) t where a = 2");
    expect((await stream.columns()).map((column) => column.name)).toEqual(["a", "b"]);
    for await (const rows of stream) expect(rows).toEqual("no batch");
  });

  suite.test("stream: rows as arrays, parameters bound", async ({ create }) => {
    const request = sql`select ${sql.typed(5n, "integer")} as a`;
    for await (const rows of create().stream(request)) expect(rows).toEqual([{ a: 5n }]);
    const stream = create().stream({ text: "select 1 as a, 2 as b", rowMode: "array" });
    for await (const rows of stream) expect(rows).toEqual([[1n, 2n]]);
  });

  suite.test("stream: maxRows is exact at its boundary", async ({ harness, create }) => {
    const source = create();
    for (const [available, kept, truncated] of [
      [4, 4, false],
      [5, 5, false],
      [6, 5, true],
    ] as const) {
      const stream: Numbers = source.stream(harness.sql.numbers(available), { maxRows: 5, batchRows: 2 });
      expect((await collect(stream)).flat()).toEqual(numbersFrom(1, kept));
      expect(stream.truncated, `${available} rows`).toBe(truncated);
    }
  });

  suite.test("stream: no row limit of its own", async ({ harness, create }) => {
    const stream: Numbers = create({ defaults: { maxRows: 5 } }).stream(harness.sql.numbers(12_000));
    expect((await collect(stream)).flat()).toHaveLength(12_000);
  });

  suite.test("stream: a break gives the connection back at once", async ({ harness, create }) => {
    const source = create({ pool: { max: 1 } });
    for (let round = 0; round < 3; round += 1) {
      for await (const rows of source.stream(harness.sql.numbers(20_000_000))) {
        expect(rows.length).toBeGreaterThan(0);
        break;
      }
      const started = performance.now();
      await expectWorks(source);
      expect(performance.now() - started).toBeLessThan(2000);
    }
  });

  suite.test("stream: an error thrown in the loop arrives as it is", async ({ harness, create }) => {
    const source = create({ pool: { max: 1 } });
    const mine = new Error("mine");
    const loop = async (): Promise<void> => {
      for await (const rows of source.stream(harness.sql.numbers(1_000_000))) if (rows.length > 0) throw mine;
    };
    await expect(loop()).rejects.toBe(mine);
    await expectWorks(source);
  });

  suite.test("stream: an abort ends it and frees the connection", async ({ harness, create }) => {
    const source = create({ pool: { max: 1 } });
    const caller = new AbortController();
    const stream: Numbers = source.stream(harness.sql.numbers(20_000_000), { signal: caller.signal });
    const loop = async (): Promise<void> => {
      for await (const rows of stream) if (rows.length > 0) caller.abort();
    };
    await failure(loop(), "CANCELLED");
    await expectWorks(source);
  });

  suite.test("stream: close() in the consumer's pause frees the connection", async ({ harness, create }) => {
    const source = create({ pool: { max: 1 } });
    const stream: Numbers = source.stream(harness.sql.numbers(20_000_000));
    const iterator = stream[Symbol.asyncIterator]();
    await iterator.next();
    await stream.close();
    await stream.close();
    expect((await iterator.next()).done).toBe(true);
    await expectWorks(source);
  });

  suite.test("stream: never iterated, it takes no connection", async ({ harness, create }) => {
    const source = create({ pool: { max: 1 } });
    const stream = source.stream(harness.sql.numbers(5));
    await expectWorks(source);
    await stream.close();
    await failure(stream.columns(), "CLOSED");
  });

  suite.test(
    "stream: the consumer's pauses do not count against the statement timeout",
    async ({ harness, create }) => {
      const stream: Numbers = create().stream(harness.sql.numbers(3000), { batchRows: 1000, statementTimeoutMs: 400 });
      let rows = 0;
      for await (const batch of stream) {
        rows += batch.length;
        await pause(700);
      }
      expect(rows).toBe(3000);
    },
  );

  suite.test("stream: a pause longer than idleTimeoutMs ends it", async ({ harness, create }) => {
    const source = create({ pool: { max: 1 } });
    const stream: Numbers = source.stream(harness.sql.numbers(1_000_000), { idleTimeoutMs: 200 });
    const iterator = stream[Symbol.asyncIterator]();
    await iterator.next();
    // A stream may hold the only connection, or none: there is only time to tell.
    await pause(500);
    await expectWorks(source);
    await failure(iterator.next(), "IDLE_TIMEOUT");
  });

  suite.test("stream: totalTimeoutMs ends it", async ({ harness, create }) => {
    const stream: Numbers = create().stream(harness.sql.numbers(1_000_000_000), { totalTimeoutMs: 500 });
    await failure(collect(stream), "STATEMENT_TIMEOUT");
  });

  suite.test("stream: nothing is fetched far ahead of a slow consumer", async ({ harness, create }) => {
    const source = create();
    await expectWorks(source);
    const before = process.memoryUsage().rss;
    const stream: Numbers = source.stream(harness.sql.numbers(10_000_000));
    const iterator = stream[Symbol.asyncIterator]();
    await iterator.next();
    await pause(1000);
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 2 ** 20);
    await stream.close();
  });

  suite.test("stream: an error at its start, from columns() and from the loop", async ({ harness, create }) => {
    const source = create({ pool: { max: 1 } });
    const stream: Numbers = source.stream(harness.sql.syntaxError.text);
    await failure(stream.columns(), "SYNTAX");
    await failure(collect(stream), "SYNTAX");
    await failure(collect(source.stream(harness.sql.syntaxError.text)), "SYNTAX");
    await expectWorks(source);
  });

  suite.test("stream: an error in the middle, after the rows before it", async ({ harness, create, needs }) => {
    const failingNumbers = needs(harness.sql.failingNumbers, "query that fails in the middle");
    const source = create({ pool: { max: 1 } });
    const stream: Numbers = source.stream(failingNumbers(5000, 4000), { batchRows: 1000 });
    await failure(collect(stream), "DATA");
    expect(stream.rowsDelivered).toBeLessThan(4000);
    await expectWorks(source);
  });
}
