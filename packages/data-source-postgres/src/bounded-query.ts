import type { QueryResult } from "@org/data-source-core";
import {
  createRowLimit,
  createRowShaper,
  type Deadline,
  type ResolvedQueryOptions,
  type ResolvedRequest,
  validateRows,
} from "@org/data-source-core/adapter";
import type { Connection } from "./connection.ts";
import type { Guard } from "./guard.ts";
import { openPortal } from "./portal.ts";
import { rowsAffectedOf, type StatementEnvironment } from "./query.ts";

const batchRows = 100;

/** A read whose size is limited in bytes: fetched in small batches, since only rows that have come can be counted. */
export async function runBoundedQuery<R>(
  environment: StatementEnvironment,
  connection: Connection,
  guard: Guard,
  request: ResolvedRequest,
  options: ResolvedQueryOptions<R>,
  deadline: Deadline,
): Promise<Omit<QueryResult<R>, "timings">> {
  connection.takeNotices();
  const portal = await openPortal(environment, connection, guard, request, options, deadline);
  const limit = createRowLimit(options);
  const shape = createRowShaper(portal.columns, request.rowMode);
  const rows: unknown[] = [];
  let tag: string | undefined;
  while (tag === undefined && !limit.truncated) {
    const batch = await portal.read(limit.wanted(batchRows), deadline);
    tag = batch.tag;
    for (const row of batch.rows) if (limit.admit(row)) rows.push(shape(row));
  }
  if (tag === undefined && portal.mustClose) await portal.close(deadline);
  return {
    rows: await validateRows(rows, options.rowSchema),
    columns: portal.columns,
    truncated: limit.truncated,
    rowsAffected: rowsAffectedOf(tag, portal.columns),
    queryId: undefined,
    notices: connection.takeNotices(),
    usage: undefined,
  };
}
