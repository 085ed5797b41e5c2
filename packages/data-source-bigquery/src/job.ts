import { createDeadline, type Deadline } from "@org/data-source-core/adapter";
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { ApiError, finalError, isTransient } from "./api-error.ts";
import { backoff } from "./backoff.ts";
import type { Connection } from "./connection.ts";
import type { QueryParameter } from "./params.ts";
import { parseWithRows, type RowPage } from "./row-page.ts";
import type { TableField } from "./type-map.ts";
import { aftermathMs, settled, unhurried } from "./unhurried.ts";

/** A statement as it is sent. */
export interface Statement {
  readonly text: string;
  readonly parameters: readonly QueryParameter[];
  readonly parameterMode: "NAMED" | "POSITIONAL";
  readonly location: string | undefined;
  readonly labels: Readonly<Record<string, string>> | undefined;
  readonly maximumBytesBilled: bigint | undefined;
  readonly dataset: { readonly projectId?: string; readonly datasetId: string } | undefined;
}

export interface JobReference {
  readonly jobId: string;
  readonly location?: string;
}

/** What jobs.query and jobs.getQueryResults answer. */
export interface QueryReply {
  readonly jobReference: JobReference;
  readonly jobComplete?: boolean;
  readonly schema?: { readonly fields?: readonly TableField[] };
  readonly rows: RowPage;
  readonly pageToken?: string;
  readonly totalBytesProcessed?: string;
  readonly totalBytesBilled?: string;
  readonly cacheHit?: boolean;
  readonly numDmlAffectedRows?: string;
  readonly errors?: readonly { readonly reason?: string; readonly message?: string }[];
}

interface JobResource {
  readonly jobReference?: JobReference;
  readonly status?: {
    readonly state?: string;
    readonly errorResult?: { readonly reason?: string; readonly message?: string };
  };
}

/** How a job ended, as far as it was seen. `unknown`: it may run, or may never have been. */
export type Ending = "finished" | "failed" | "unknown";

export interface Jobs {
  /** Starts a read and waits a moment for its first page. Stopped on the server when the deadline is over. */
  read(statement: Statement, maxResults: number, deadline: Deadline): Promise<QueryReply>;
  /** Starts a job by an id of its own; sent again after a lost reply, it is found and not run twice. */
  insert(statement: Statement, jobId: string, deadline: Deadline, delivery?: Delivery): Promise<JobReference>;
  /** A page of the results, once the job is done, however long that takes. */
  results(job: JobReference, page: ResultPage, deadline: Deadline): Promise<QueryReply>;
  /** Stops the job and waits, for some seconds, until the server says that it is DONE. */
  cancel(job: JobReference): Promise<Ending>;
}

/** How many sendings may have reached the server. */
export interface Delivery {
  possible: number;
}

export interface ResultPage {
  readonly maxResults: number;
  readonly pageToken?: string | undefined;
}

/** What jobs.query waits: short, since only its reply names the job. */
const firstWaitMs = 1_000;
/** What one call for results waits; the service itself gives up after 200 s. */
const longestWaitMs = 30_000;

export function createJobs(connection: Connection): Jobs {
  const get = (job: JobReference, deadline: Deadline): Promise<JobResource> =>
    connection.call<JobResource>({ method: "GET", path: jobPath(job), search: { location: job.location } }, deadline);

  const stop = async (job: JobReference, deadline: Deadline): Promise<Ending> => {
    const search = { location: job.location };
    try {
      await connection.call({ method: "POST", path: `${jobPath(job)}/cancel`, search }, deadline);
      for (let wait = 10; ; wait = Math.min(500, wait * 2)) {
        const { status } = await get(job, deadline);
        if (status?.state === "DONE") return status.errorResult ? "failed" : "finished";
        await delay(Math.min(wait, deadline.remainingMs()));
      }
    } catch {
      // What led to the cancel is what the caller is told.
      return "unknown";
    }
  };

  const cancel = async (job: JobReference): Promise<Ending> => {
    using deadline = createDeadline({ timeoutMs: aftermathMs, kind: "bigquery" });
    return await stop(job, deadline);
  };

  /**
   * The read was sent, and nobody waits for it any more: finds its job by sending it again, with its requestId and
   * without waiting, and stops it. Should the service have started another job, its own reply names that one.
   */
  const abandon = async (body: object, first: Promise<QueryReply>): Promise<void> => {
    using deadline = createDeadline({ timeoutMs: aftermathMs, kind: "bigquery" });
    const again = { ...body, timeoutMs: 0 };
    const found = connection.call<QueryReply>(
      { method: "POST", path: "/queries", body: again, retry: "lost", parse: parseWithRows },
      deadline,
    );
    const stopped = new Set<string>();
    const stopJob = async (reply: Promise<QueryReply>): Promise<void> => {
      const { jobReference, jobComplete } = await deadline.race(reply);
      if (jobComplete === true || stopped.has(jobReference.jobId)) return;
      stopped.add(jobReference.jobId);
      await stop(jobReference, deadline);
    };
    await Promise.allSettled([stopJob(found), stopJob(first)]);
  };

  return {
    read: async (statement, maxResults, deadline) => {
      const body = {
        ...queryBody(statement),
        labels: statement.labels,
        location: statement.location,
        jobTimeoutMs: deadline.serverTimeoutMs()?.toString(),
        requestId: randomUUID(),
        timeoutMs: Math.min(firstWaitMs, deadline.serverTimeoutMs() ?? firstWaitMs),
        maxResults,
        formatOptions: { useInt64Timestamp: true },
      };
      const delivery: Delivery = { possible: 0 };
      const waitMs = body.timeoutMs;
      const call = {
        method: "POST",
        path: "/queries",
        body,
        waitMs,
        retry: "lost",
        delivery,
        parse: parseWithRows,
      } as const;
      try {
        return await unhurried(
          (own) => connection.call<QueryReply>(call, own),
          deadline,
          async (reply) => (delivery.possible > 0 ? await abandon(body, reply) : undefined),
        );
      } catch (error) {
        throw error instanceof ApiError && isTransient(error) ? finalError(error) : error;
      }
    },
    insert: async (statement, jobId, deadline, delivery = { possible: 0 }) => {
      const { location, labels } = statement;
      const body = {
        jobReference: { projectId: await connection.projectId(), jobId, location },
        configuration: {
          labels,
          jobTimeoutMs: deadline.serverTimeoutMs()?.toString(),
          query: queryBody(statement),
        },
      };
      try {
        const { jobReference } = await unhurried(
          (own) => connection.call<JobResource>({ method: "POST", path: "/jobs", body, delivery }, own),
          deadline,
          // A cancel that overtook it would find nothing.
          async (reply) => (delivery.possible > 0 ? await settled(reply) : undefined),
        );
        return jobReference ?? { jobId, ...(location === undefined ? {} : { location }) };
      } catch (error) {
        // Nobody else has this id: an earlier sending, whose reply was lost, has made it.
        if (!(error instanceof ApiError && error.reason === "duplicate")) throw error;
        return { jobId, ...(location === undefined ? {} : { location }) };
      }
    },
    results: async (job, { maxResults, pageToken }, deadline) => {
      for (let attempt = 1; ;) {
        const waitMs = Math.floor(Math.min(longestWaitMs, deadline.remainingMs()));
        const search = {
          location: job.location,
          maxResults,
          pageToken,
          timeoutMs: waitMs,
          "formatOptions.useInt64Timestamp": true,
        };
        const path = `/queries/${encodeURIComponent(job.jobId)}`;
        try {
          const reply = await connection.call<QueryReply>(
            { method: "GET", path, search, waitMs, retry: "lost", parse: parseWithRows },
            deadline,
          );
          if (reply.jobComplete !== false) return reply;
        } catch (error) {
          if (!(error instanceof ApiError) || !isTransient(error)) throw error;
          // Either the call failed, and may be made again, or the job did, and never will answer otherwise.
          const { status } = await get(job, deadline);
          if (status?.errorResult) throw finalError(error, job.jobId);
          await backoff(attempt, deadline, error);
          attempt += 1;
        }
      }
    },
    cancel,
  };
}

function jobPath({ jobId }: JobReference): string {
  return `/jobs/${encodeURIComponent(jobId)}`;
}

/** The part that jobs.query and jobs.insert have in common. */
export function queryBody({ text, parameters, parameterMode, maximumBytesBilled, dataset }: Statement): object {
  return {
    query: text,
    useLegacySql: false,
    parameterMode,
    ...(parameters.length > 0 ? { queryParameters: parameters } : {}),
    ...(maximumBytesBilled === undefined ? {} : { maximumBytesBilled: String(maximumBytesBilled) }),
    ...(dataset === undefined ? {} : { defaultDataset: dataset }),
  };
}
