import type { Plan } from "./engine.ts";
import type { Field } from "./field.ts";
import { billedBytes, type Job, type Verdict } from "./job.ts";
import { Problem } from "./problem.ts";

export interface ResultPage {
  readonly startIndex: number;
  readonly maxResults: number | undefined;
  /** About what a page's rows may take as JSON. */
  readonly pageBytes: number;
  readonly useInt64Timestamp: boolean;
}

/** The body of jobs.query and jobs.getQueryResults. */
export function resultsResource(job: Job, projectId: string, page: ResultPage): object {
  const base = {
    kind: "bigquery#queryResponse",
    jobReference: { projectId, jobId: job.id, location: job.location },
    jobComplete: job.state === "DONE",
  };
  if (job.state !== "DONE") return base;
  if (job.problem) throw job.problem;
  const { executed } = job;
  const counts = {
    ...base,
    totalBytesProcessed: String(job.bytesProcessed),
    totalBytesBilled: String(job.bytesBilled),
    cacheHit: false,
    ...(executed?.rowsAffected === undefined ? {} : { numDmlAffectedRows: String(executed.rowsAffected) }),
  };
  if (!executed?.fields) return { ...counts, totalRows: "0" };
  requireInt64Timestamps(executed.fields, page.useInt64Timestamp);
  const wanted = page.maxResults ?? Infinity;
  const rows: object[] = [];
  let bytes = 0;
  let at = page.startIndex;
  while (rows.length < wanted && at < executed.rows.count && bytes < page.pageBytes) {
    const some = executed.rows.read(at, Math.min(wanted - rows.length, 500));
    at += some.length;
    rows.push(...some);
    bytes += JSON.stringify(some).length;
  }
  return {
    ...counts,
    schema: { fields: executed.fields },
    totalRows: String(executed.rows.count),
    rows,
    ...(at < executed.rows.count ? { pageToken: `${job.id}:${at}` } : {}),
  };
}

/** Else the service sends floats, which have too few digits: not here. */
export function requireInt64Timestamps(fields: readonly Field[], given: boolean): void {
  const isTimestamp = ({ type, fields: inner = [] }: Field): boolean => type === "TIMESTAMP" || inner.some(isTimestamp);
  if (given || !fields.some(isTimestamp)) return;
  throw new Problem("notImplemented", "BigQuery emulator: timestamps only with formatOptions.useInt64Timestamp");
}

/** The Job resource. */
export function jobResource(job: Job, projectId: string): object {
  const { problem } = job;
  return {
    kind: "bigquery#job",
    id: `${projectId}:${job.location}.${job.id}`,
    jobReference: { projectId, jobId: job.id, location: job.location },
    configuration: { jobType: "QUERY", labels: job.labels, query: { query: job.sql, useLegacySql: false } },
    status: {
      state: job.state,
      ...(problem ? { errorResult: problem.toErrorResult(), errors: [problem.toErrorResult()] } : {}),
    },
    statistics: {
      creationTime: String(job.createdAt),
      totalBytesProcessed: String(job.bytesProcessed),
      query: {
        statementType: job.statementType,
        totalBytesProcessed: String(job.bytesProcessed),
        totalBytesBilled: String(job.bytesBilled),
        cacheHit: false,
        ...(job.executed?.rowsAffected === undefined ? {} : { numDmlAffectedRows: String(job.executed.rowsAffected) }),
      },
    },
  };
}

/** What a dry run answers: a job that is DONE and has no id. */
export function dryRunResource(verdict: Verdict & Plan, projectId: string, location: string): object {
  const { bytesProcessed, statementType, fields, undeclared } = verdict;
  return {
    kind: "bigquery#job",
    jobReference: { projectId, location },
    configuration: { jobType: "QUERY", dryRun: true },
    status: { state: "DONE" },
    statistics: {
      totalBytesProcessed: String(bytesProcessed),
      query: {
        statementType,
        totalBytesProcessed: String(bytesProcessed),
        totalBytesProcessedAccuracy: "PRECISE",
        estimatedBytesProcessed: String(billedBytes(bytesProcessed)),
        ...(fields ? { schema: { fields } } : {}),
        ...(undeclared.length > 0 ? { undeclaredQueryParameters: undeclared } : {}),
      },
    },
  };
}

/** Where a page token of this job points. */
export function offsetOf(job: Job, token: string | undefined, startIndex: string | undefined): number {
  if (token === undefined) return Number(startIndex ?? 0);
  const [id, offset] = token.split(":");
  if (id !== job.id || offset === undefined) throw new Problem("invalid", "Invalid page token");
  return Number(offset);
}
