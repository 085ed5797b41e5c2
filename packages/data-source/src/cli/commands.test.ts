import type { DataSource } from "@org/data-source-core";
import { expect, test } from "vitest";
import { readArguments } from "./arguments.ts";
import { commands } from "./commands.ts";

test("query counts its rows for the progress, batch by batch", async () => {
  const stream = {
    columns: () => Promise.resolve([]),
    truncated: false,
    [Symbol.asyncDispose]: () => Promise.resolve(),
    async *[Symbol.asyncIterator]() {
      yield [{ a: 1 }, { a: 2 }];
      yield [{ a: 3 }];
    },
  };
  const progress = { rows: 0, end: () => undefined, [Symbol.dispose]: () => undefined };
  const counts: number[] = [];
  const code = await commands.query({
    source: { stream: () => stream } as unknown as DataSource,
    invocation: readArguments(["query", "select 1", "--format=ndjson"], false) as never,
    sql: "select 1",
    signal: new AbortController().signal,
    progress,
    write: async (pieces) => {
      for await (const _ of pieces) counts.push(progress.rows);
    },
    say: () => undefined,
  });
  expect([code, counts]).toEqual([0, [2, 3]]);
});
