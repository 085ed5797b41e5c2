import { setTimeout as delay } from "node:timers/promises";
import { randomUUID } from "node:crypto";
import type { Executed, QueryParameter } from "./engine.ts";
import { Problem } from "./problem.ts";

/** A query as jobs.query and jobs.insert both describe it. */
export interface QuerySetting {
  readonly sql: string;
  readonly parameters: readonly QueryParameter[];
  readonly defaultDataset: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly jobTimeoutMs: number | undefined;
  readonly maximumBytesBilled: bigint | undefined;
  readonly useLegacySql: boolean;
}

/** What is known of a query before it runs. */
export interface Verdict {
  readonly statementType: string;
  readonly bytesProcessed: bigint;
}

export interface Job extends QuerySetting, Verdict {
  readonly id: string;
  readonly location: string;
  readonly requestId: string | undefined;
  readonly state: "RUNNING" | "DONE";
  readonly problem: Problem | undefined;
  readonly executed: Executed | undefined;
  readonly bytesBilled: bigint;
  readonly cancelRequested: boolean;
  readonly createdAt: number;
  /** Settles when the state is DONE. Never rejects. */
  readonly done: Promise<void>;
  cancel(): void;
}

export interface JobSetup {
  readonly setting: QuerySetting;
  readonly verdict: Verdict;
  readonly location: string;
  readonly id?: string | undefined;
  readonly requestId?: string | undefined;
  /** How long a cancelled job takes to stop. */
  readonly cancelDelayMs: number;
  readonly run: (signal: AbortSignal) => Promise<Executed>;
}

const mebibyte = 1024n * 1024n;

/** Bytes are billed by the mebibyte, ten at least, unless nothing is processed. */
export function billedBytes(processed: bigint): bigint {
  if (processed === 0n) return 0n;
  const rounded = ((processed + mebibyte - 1n) / mebibyte) * mebibyte;
  return rounded < 10n * mebibyte ? 10n * mebibyte : rounded;
}

/** Starts a job; it runs until done, cancelled or out of time. */
export function startJob(setup: JobSetup): Job {
  const { setting, verdict } = setup;
  const controller = new AbortController();
  const wanted = billedBytes(verdict.bytesProcessed);
  const job = {
    ...setting,
    ...verdict,
    id: setup.id ?? `job_${randomUUID()}`,
    location: setup.location,
    requestId: setup.requestId,
    state: "RUNNING" as Job["state"],
    problem: undefined as Problem | undefined,
    executed: undefined as Executed | undefined,
    bytesBilled: 0n,
    cancelRequested: false,
    createdAt: Date.now(),
    done: Promise.resolve(),
    cancel: (): void => {
      if (job.state === "DONE") return;
      job.cancelRequested = true;
      setTimeout(
        () => controller.abort(new Problem("stopped", "Job execution was cancelled: User requested cancellation")),
        setup.cancelDelayMs,
      ).unref();
    },
  };
  const work = async (): Promise<void> => {
    if (setting.maximumBytesBilled !== undefined && wanted > setting.maximumBytesBilled) {
      const limit = setting.maximumBytesBilled;
      const message = `Query exceeded limit for bytes billed: ${limit}. ${wanted} or higher required.`;
      throw new Problem("bytesBilledLimitExceeded", message);
    }
    job.bytesBilled = wanted;
    const limit = setting.jobTimeoutMs;
    const timer =
      limit === undefined
        ? undefined
        : setTimeout(
            () =>
              controller.abort(new Problem("stopped", `Job execution was cancelled: Job timed out after ${limit}ms`)),
            limit,
          );
    try {
      job.executed = await stoppable(setup.run(controller.signal), controller.signal);
    } finally {
      clearTimeout(timer);
    }
  };
  const follow = async (): Promise<void> => {
    try {
      await work();
    } catch (error) {
      job.problem = error instanceof Problem ? error : new Problem("internalError", String(error));
    }
    job.state = "DONE";
  };
  job.done = follow();
  return job;
}

/** Waits for the job at most so long. */
export async function waitFor(job: Job, ms: number): Promise<void> {
  if (ms <= 0) return;
  const stop = new AbortController();
  await Promise.race([job.done, delay(ms, undefined, { signal: stop.signal }).catch(() => undefined)]);
  stop.abort();
}

/** As the service: what had finished when the cancel came stays finished, its writes too. */
async function stoppable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await work;
  } catch (error) {
    // DuckDB reports an interrupt in its own words.
    throw signal.aborted ? signal.reason : error;
  }
}
