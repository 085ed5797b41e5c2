import {
  type Column,
  DataSourceError,
  isDataSourceError,
  OutcomeUnknownError,
  type QueryResult,
} from "@org/data-source-core";
import {
  createDeadline,
  createRowLimit,
  createRowShaper,
  validateRows,
  type Deadline,
  type ResolvedQueryOptions,
  type RowLimit,
} from "@org/data-source-core/adapter";
import { randomUUID } from "node:crypto";
import { ApiError, isLost, isTransient } from "./api-error.ts";
import { backoff } from "./backoff.ts";
import type { Engine } from "./engine.ts";
import { toDataSourceError } from "./error-map.ts";
import type { JobReference, QueryReply, Statement } from "./job.ts";
import { admit, type Prepared } from "./statement.ts";
import { columnsOf, createRowReader } from "./type-map.ts";

/** Rows that one call asks for. A page also ends at about 10 MB. */
export const pageRows = 10_000;
/** Rows read in one go: few enough to be garbage before the next collection. */
export const rowsAtOnce = 100;

/** Runs a statement and collects its rows by pages, up to the limits. */
export async function runQuery<R>(
  engine: Engine,
  prepared: Prepared,
  options: ResolvedQueryOptions<R>,
): Promise<QueryResult<R>> {
  const started = performance.now();
  const signals = [options.signal, engine.lifecycle.signal];
  using deadline = createDeadline({ timeoutMs: options.statementTimeoutMs, signals, kind: "bigquery" });
  try {
    deadline.throwIfOver();
    const statement = await admit(prepared, options.readOnly, engine.gate, deadline);
    const limit = createRowLimit(options);
    const first = options.readOnly
      ? await read(engine, statement, limit.wanted(pageRows), deadline)
      : await write(engine, statement, limit.wanted(pageRows), deadline);
    const executed = performance.now();
    const { rows, ...collected } = await collect(engine, first, prepared.request.rowMode, limit, deadline);
    const ended = performance.now();
    return {
      ...collected,
      rows: await validateRows(rows, options.rowSchema),
      ...figuresOf(first),
      timings: {
        totalMs: ended - started,
        acquireMs: undefined,
        executeMs: executed - started,
        fetchMs: ended - executed,
      },
    };
  } catch (error) {
    throw toDataSourceError(error, { redact: engine.redact, request: prepared.request });
  }
}

/** A read is started anew when its job failed for a reason of the moment. */
export async function read(
  engine: Engine,
  statement: Statement,
  maxResults: number,
  deadline: Deadline,
): Promise<QueryReply> {
  return await again(engine, deadline, async () => {
    const reply = await engine.jobs.read(statement, maxResults, deadline).catch((error: unknown) => {
      throw endedByServer(error, deadline);
    });
    if (reply.jobComplete !== false) return reply;
    return await stoppable(engine, reply.jobReference, deadline, () =>
      engine.jobs.results(reply.jobReference, { maxResults }, deadline),
    );
  });
}

/** Runs `work` again, with backoff, for the reasons that pass. For reads only. */
async function again<T>({ options }: Engine, deadline: Deadline, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ApiError) || !error.isFinal || !isTransient(error)) throw error;
      await backoff(attempt, deadline, error);
      options.onEvent({ type: "retry", attempt: attempt + 1, reason: error.reason ?? "transient" });
    }
  }
}

/** Stops the job on the server when the deadline is over; then rejects with the deadline's reason. */
async function stoppable<T>(
  { jobs }: Engine,
  job: JobReference,
  deadline: Deadline,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!deadline.signal.aborted) throw endedByServer(error, deadline);
    await jobs.cancel(job);
    throw error;
  }
}

/** The server's own timer, set to the same end, may be a moment earlier than ours. */
function endedByServer(error: unknown, deadline: Deadline): unknown {
  const isStopped = error instanceof ApiError && error.reason === "stopped";
  if (!isStopped || deadline.remainingMs() > 1_000) return error;
  const { message, status, jobId } = error;
  return new ApiError(message, { reason: "timeout", status, jobId, cause: error });
}

/** A write is one job by an id of its own; it is never started twice, and its fate is told. */
export async function write(
  engine: Engine,
  statement: Statement,
  maxResults: number,
  deadline: Deadline,
): Promise<QueryReply> {
  const { jobs } = engine;
  const mine = ownReference(statement);
  const delivery = { possible: 0 };
  try {
    const job = await jobs.insert(statement, mine.jobId, deadline, delivery);
    return await jobs.results(job, { maxResults }, deadline);
  } catch (error) {
    const isOver = deadline.signal.aborted;
    const isAnswered = error instanceof ApiError && !isLost(error);
    // A reply that refuses the job, or says how it ended, leaves nothing open.
    if (!isOver && isAnswered) throw endedByServer(error, deadline);
    if (!isOver && !(error instanceof ApiError)) throw error;
    if (delivery.possible === 0) throw error;
    throw fateOf(await jobs.cancel(mine), error, mine.jobId);
  }
}

/** A read by an id of its own: it can be stopped at any time. */
export async function readByOwnId(
  engine: Engine,
  statement: Statement,
  maxResults: number,
  deadline: Deadline,
): Promise<QueryReply> {
  return await again(engine, deadline, async () => {
    const mine = ownReference(statement);
    return await stoppable(engine, mine, deadline, async () => {
      const job = await engine.jobs.insert(statement, mine.jobId, deadline);
      return await engine.jobs.results(job, { maxResults }, deadline);
    });
  });
}

function ownReference({ location }: Statement): JobReference {
  return { jobId: `data-source-${randomUUID()}`, ...(location === undefined ? {} : { location }) };
}

function fateOf(ending: "finished" | "failed" | "unknown", error: unknown, jobId: string): unknown {
  if (ending === "failed") return error;
  if (ending === "unknown") {
    return new OutcomeUnknownError({
      kind: "bigquery",
      message: "The write may or may not have happened",
      queryId: jobId,
      hint: `Ask for the state of job ${jobId}, or look at the data, before running it again.`,
      cause: isDataSourceError(error) ? error : undefined,
    });
  }
  const { code, message } = isDataSourceError(error)
    ? error
    : { code: "CONNECTION" as const, message: "The reply was lost" };
  return new DataSourceError({
    code,
    kind: "bigquery",
    message: `${message}; the statement had completed`,
    isRetryable: false,
    queryId: jobId,
    hint: "Its effects are in place: do not run it again.",
    cause: isDataSourceError(error) ? error.cause : undefined,
  });
}

/** The first page and what follows it, up to the limits. */
export async function collect(
  { jobs, options }: Engine,
  first: QueryReply,
  rowMode: "object" | "array",
  limit: RowLimit,
  deadline: Deadline,
): Promise<{ readonly rows: readonly unknown[]; readonly columns: readonly Column[]; readonly truncated: boolean }> {
  const fields = first.schema?.fields ?? [];
  const columns = columnsOf(fields);
  const readRow = createRowReader(fields, options);
  const shape = createRowShaper(columns, rowMode);
  const rows: unknown[] = [];
  for (let page = first; ;) {
    for (let at = 0; at < page.rows.length && !limit.truncated; at += rowsAtOnce) {
      for (const row of page.rows.read(at, rowsAtOnce)) {
        const values = readRow(row);
        if (limit.admit(values)) rows.push(shape(values));
      }
    }
    const { pageToken } = page;
    if (limit.truncated || pageToken === undefined) return { rows, columns, truncated: limit.truncated };
    page = await jobs.results(first.jobReference, { maxResults: limit.wanted(pageRows), pageToken }, deadline);
  }
}

function figuresOf(reply: QueryReply): Pick<QueryResult, "rowsAffected" | "queryId" | "notices" | "usage"> {
  const { numDmlAffectedRows, totalBytesProcessed, totalBytesBilled, cacheHit, errors = [] } = reply;
  const bytes = (text: string | undefined): bigint | undefined => (text === undefined ? undefined : BigInt(text));
  return {
    rowsAffected: numDmlAffectedRows === undefined ? undefined : Number(numDmlAffectedRows),
    queryId: reply.jobReference.jobId,
    notices: errors.map(({ reason, message = "" }) => ({ severity: "warning", code: reason, message })),
    usage: { bytesProcessed: bytes(totalBytesProcessed), bytesBilled: bytes(totalBytesBilled), cacheHit },
  };
}
