import type { DataSource } from "../src/data-source.ts";
import type { QueryResult } from "../src/result.ts";

/** For what sits above a data source and knows no engine: calls are recorded, answers are the test's. */
export interface FakeSource extends DataSource {
  readonly calls: unknown[][];
  isClosed: boolean;
}

export const resultOf = (rows: unknown[]): QueryResult<unknown> => ({
  rows,
  columns: [
    {
      name: "a",
      key: "a",
      type: "integer",
      nativeType: "int8",
      precision: undefined,
      scale: undefined,
      nullable: undefined,
    },
  ],
  truncated: false,
  rowsAffected: undefined,
  queryId: "q-1",
  timings: { totalMs: 1, acquireMs: 0, executeMs: 1, fetchMs: 0 },
  notices: [],
  usage: undefined,
});

export function fakeSource(
  answer: (...args: unknown[]) => unknown = () => resultOf([]),
  more: Partial<DataSource> = {},
): FakeSource {
  const calls: unknown[][] = [];
  const source = {
    kind: "fake",
    access: "read-write",
    cacheIdentity: "principal-1",
    calls,
    isClosed: false,
    query: async (...args: unknown[]) => {
      calls.push(args);
      return await answer(...args);
    },
    close: () => {
      source.isClosed = true;
      return Promise.resolve();
    },
    ...more,
  };
  return source as unknown as FakeSource;
}
