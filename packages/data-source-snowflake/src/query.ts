import type { QueryResult } from "@org/data-source-core";
import {
  createDeadline,
  createRowLimit,
  createRowShaper,
  type Deadline,
  type RawRow,
  type ResolvedQueryOptions,
  type ResolvedRequest,
  validateRows,
} from "@org/data-source-core/adapter";
import type { RowStatement } from "./driver.ts";
import { openRows, type Rows } from "./rows.ts";
import type { Use } from "./runner.ts";
import type { TypeMap } from "./type-map.ts";

const batchRows = 1_000;
const graceMs = 5_000;

/** Collects the rows of a started statement up to the limits, and gives its connection back. */
export function collect<R>(
  engine: { readonly types: TypeMap },
  { rowMode }: ResolvedRequest,
  options: ResolvedQueryOptions<R>,
  deadline: Deadline,
  started: number,
): Use<QueryResult<R>> {
  const entered = performance.now();
  return async (statement, lease) => {
    const executed = performance.now();
    const rows = openRows(statement, engine.types, options.maxRows + 1);
    // A write that ended in spite of its cancel: its result is here, and small.
    using grace = createDeadline({ timeoutMs: graceMs });
    const reading = deadline.signal.aborted && !options.readOnly ? grace : deadline;
    try {
      // The rows are changed already: an abort from here on must not hide it.
      const changed = await changedRows(statement, rows, options.readOnly ? reading : grace);
      const limit = createRowLimit(options);
      const shape = createRowShaper(rows.columns, rowMode);
      const kept: unknown[] = [];
      for (let isDone = changed !== undefined; !isDone && !limit.truncated;) {
        const batch = await rows.read(Math.min(limit.wanted(batchRows), batchRows), reading);
        for (const row of batch.rows) if (limit.admit(row)) kept.push(shape(row));
        isDone = batch.done;
      }
      const finished = performance.now();
      return {
        rows: await validateRows(kept, options.rowSchema),
        columns: changed === undefined ? rows.columns : [],
        truncated: limit.truncated,
        rowsAffected: changed,
        queryId: statement.getQueryId(),
        timings: {
          totalMs: finished - started,
          acquireMs: entered - started,
          executeMs: executed - entered,
          fetchMs: finished - executed,
        },
        notices: [],
        usage: undefined,
      };
    } finally {
      rows.close();
      lease.release();
    }
  };
}

const counted = /^number of rows (?:inserted|updated|deleted)(?: into .*)?$/;

/** A DML statement answers with one row of counts, of which "multi-joined rows updated" is no change. */
async function changedRows(statement: RowStatement, rows: Rows, deadline: Deadline): Promise<number | undefined> {
  if ((statement.getNumUpdatedRows() ?? -1) < 0) return undefined;
  const { rows: found } = await rows.read(1, deadline);
  const counts: RawRow = found[0] ?? [];
  return counts.reduce<number>(
    (sum, value, index) => sum + (counted.test(rows.columns[index]?.name ?? "") ? Number(value) : 0),
    0,
  );
}
