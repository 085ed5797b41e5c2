import { startJob, type Job, type QuerySetting, type Verdict } from "./job.ts";
import { Problem } from "./problem.ts";
import type { Project } from "./project.ts";

/** The jobs of a project, in order of creation. */
export interface Jobs {
  readonly all: readonly Job[];
  /** A new job, or the one that the same `requestId` has made in the last 15 minutes. A used `id` is a conflict. */
  create(
    setting: QuerySetting,
    verdict: Verdict,
    identity: { readonly id?: string; readonly requestId?: string; readonly location?: string },
  ): Job;
  /** Outside of the multi-regions a job is found only with its location, as on the service. */
  find(id: string, location: string | undefined): Job;
}

const multiRegions = new Set(["US", "EU"]);

const requestIdLifetimeMs = 15 * 60_000;

export function createJobs(options: {
  readonly project: Project;
  readonly projectId: string;
  readonly location: string;
  readonly cancelDelayMs: number;
}): Jobs {
  const { project, projectId, cancelDelayMs } = options;
  const all: Job[] = [];
  return {
    all,
    create: (setting, verdict, { id, requestId, location = options.location }) => {
      const same =
        requestId === undefined
          ? undefined
          : all.find(
              (job) =>
                job.requestId === requestId &&
                job.sql === setting.sql &&
                JSON.stringify(job.parameters) === JSON.stringify(setting.parameters) &&
                Date.now() - job.createdAt < requestIdLifetimeMs,
            );
      if (same) return same;
      if (id !== undefined && all.some((job) => job.id === id)) {
        throw new Problem("duplicate", `Already Exists: Job ${projectId}:${location}.${id}`);
      }
      const run = (signal: AbortSignal): ReturnType<Project["run"]> => project.run(setting, signal);
      const job = startJob({ setting, verdict, location, id, requestId, cancelDelayMs, run });
      all.push(job);
      return job;
    },
    find: (id, location) => {
      const wanted = location?.toUpperCase();
      const job = all.find((candidate) => {
        const own = candidate.location.toUpperCase();
        return candidate.id === id && (wanted === undefined ? multiRegions.has(own) : wanted === own);
      });
      if (!job) throw new Problem("notFound", `Not found: Job ${projectId}:${location ?? options.location}.${id}`);
      return job;
    },
  };
}
