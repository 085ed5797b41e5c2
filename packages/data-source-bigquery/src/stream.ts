import type { QueryStream } from "@org/data-source-core";
import {
  createQueryStream,
  type BatchReader,
  type Deadline,
  type ResolvedStreamOptions,
} from "@org/data-source-core/adapter";
import type { Engine } from "./engine.ts";
import { toDataSourceError } from "./error-map.ts";
import { pageRows, readByOwnId, write } from "./query.ts";
import { admit, type Prepared } from "./statement.ts";
import { columnsOf, createRowReader } from "./type-map.ts";

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
  let page = reply.rows ?? [];
  let at = 0;
  let { pageToken } = reply;
  return {
    columns: columnsOf(fields),
    queryId: job.jobId,
    read: (wanted, readDeadline) =>
      explained(async () => {
        if (at >= page.length && pageToken !== undefined) {
          const maxResults = Math.max(wanted, Math.min(pageRows, maxRows + 1));
          const next = await jobs.results(job, { maxResults, pageToken }, readDeadline);
          page = next.rows ?? [];
          at = 0;
          pageToken = next.pageToken;
        }
        const rows = page.slice(at, at + wanted).map(readRow);
        at += rows.length;
        return { rows, done: at >= page.length && pageToken === undefined };
      }),
    // Pages exist only once the job is DONE: there is nothing left to stop, and nothing to give back.
    close: async () => {
      page = [];
    },
  };
}
