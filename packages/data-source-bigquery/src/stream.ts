import type { QueryStream } from "@org/data-source-core";
import {
  createQueryStream,
  type BatchReader,
  type Deadline,
  type RawRow,
  type ResolvedStreamOptions,
} from "@org/data-source-core/adapter";
import type { Engine } from "./engine.ts";
import { toDataSourceError } from "./error-map.ts";
import { pageRows, readByOwnId, rowsAtOnce, write } from "./query.ts";
import type { RowPage } from "./row-page.ts";
import { admit, type Prepared } from "./statement.ts";
import { columnsOf, createRowReader } from "./type-map.ts";

/** What a page of a stream should take: rows of some kilobytes would fill the service's 10 MB, and twice that here. */
const pageBytes = 4 * 2 ** 20;

/** Rows by pages: one page is held, the next is asked for when it has been handed out. */
export function openStream<R>(engine: Engine, prepared: Prepared, options: ResolvedStreamOptions<R>): QueryStream<R> {
  const { request } = prepared;
  const explained = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw toDataSourceError(error, { redact: engine.redact, request });
    }
  };
  return createQueryStream({
    kind: "bigquery",
    options,
    rowMode: request.rowMode,
    lifecycle: engine.lifecycle,
    start: () => engine.instrument.start({ name: "stream", text: request.text }),
    open: (deadline) => explained(() => open(engine, prepared, options, deadline, explained)),
  });
}

async function open(
  engine: Engine,
  prepared: Prepared,
  { readOnly, batchRows, maxRows }: ResolvedStreamOptions,
  deadline: Deadline,
  explained: <T>(work: () => Promise<T>) => Promise<T>,
): Promise<BatchReader> {
  const statement = await admit(prepared, readOnly, engine.gate, deadline);
  const { jobs } = engine;
  const firstRows = Math.min(batchRows, maxRows + 1);
  const start = readOnly ? readByOwnId : write;
  const reply = await start(engine, statement, firstRows, deadline);
  const job = reply.jobReference;
  const fields = reply.schema?.fields ?? [];
  const readRow = createRowReader(fields, engine.options);
  let page: RowPage | undefined = reply.rows;
  let at = 0;
  let taken = 0;
  let { pageToken } = reply;
  return {
    columns: columnsOf(fields),
    queryId: job.jobId,
    read: (wanted, readDeadline) =>
      explained(async () => {
        if (page && at >= page.length && pageToken !== undefined) {
          const fitting = Math.floor((pageBytes * page.length) / page.byteLength);
          taken += page.length;
          const maxResults = Math.max(wanted, Math.min(pageRows, fitting, maxRows - taken + 1));
          const next = await jobs.results(job, { maxResults, pageToken }, readDeadline);
          page = next.rows;
          at = 0;
          pageToken = next.pageToken;
        }
        const end = Math.min(page?.length ?? 0, at + wanted);
        const rows: RawRow[] = [];
        for (; at < end; at += rowsAtOnce) {
          for (const row of page?.read(at, Math.min(rowsAtOnce, end - at)) ?? []) rows.push(readRow(row));
        }
        at = end;
        return { rows, done: at >= (page?.length ?? 0) && pageToken === undefined };
      }),
    // Pages exist only once the job is DONE: there is nothing left to stop, and nothing to give back.
    close: async () => {
      page = undefined;
    },
  };
}
