import { createDeadline } from "@org/data-source-core/adapter";
import { Readable } from "node:stream";
import { expect, test } from "vitest";
import type { Lease } from "./connection.ts";
import type { RowStatement } from "./driver.ts";
import { collect } from "./query.ts";
import { createTypeMap } from "./type-map.ts";

const counts = {
  getName: () => "number of rows inserted",
  getType: () => "fixed",
  getPrecision: () => 19,
  getScale: () => 0,
  getIndex: () => 0,
  isNullable: () => false,
  getRowValue: () => null,
};
const request = { text: "insert into t values (1)", params: [], rowMode: "object" } as const;
const limits = {
  maxRows: 10,
  maxBytes: Infinity,
  statementTimeoutMs: 60_000,
  signal: undefined,
  queryTags: undefined,
  rowSchema: undefined,
};

/** Collects an INSERT that is done, and whose caller aborts before its count has been read. */
async function collectAborted(readOnly: boolean): Promise<number | undefined> {
  const caller = new AbortController();
  using deadline = createDeadline({ timeoutMs: 60_000, signals: [caller.signal] });
  const statement = {
    getColumns: () => [counts],
    getNumUpdatedRows: () => 1,
    getQueryId: () => "query-1",
    streamRows: () => {
      caller.abort();
      const stream = new Readable({ objectMode: true, read: () => undefined });
      setImmediate(() => {
        stream.push(["1"]);
        stream.push(null);
      });
      return stream;
    },
  } as unknown as RowStatement;
  const engine = { types: createTypeMap({ integers: "safe-number", json: "text" }) };
  const lease = { release: () => undefined } as unknown as Lease;
  const use = collect(engine, request, { ...limits, readOnly }, deadline, performance.now());
  return (await use(statement, lease)).rowsAffected;
}

test("an abort after a write has happened does not take its answer away", async () => {
  expect(await collectAborted(false)).toBe(1);
});

test("an abort while the rows of a read arrive is CANCELLED", async () => {
  await expect(collectAborted(true)).rejects.toMatchObject({ code: "CANCELLED" });
});
