import type { RecordedRequest } from "./http.ts";
import type { Jobs } from "./jobs.ts";
import type { Project } from "./project.ts";

export interface RouteSetting {
  readonly project: Project;
  readonly jobs: Jobs;
  readonly projectId: string;
  readonly location: string;
  /** One call waits for a job at most so long. */
  readonly maxWaitMs: number;
  readonly pageBytes: number;
}

/** Answers a request; `names` are the parts of its path. */
export type Handler = (request: RecordedRequest, names: readonly string[], setting: RouteSetting) => Promise<object>;

/** Whether timestamps are asked for as integers, as a client must to keep its microseconds. */
export function usesInt64Timestamp({ search }: RecordedRequest): boolean {
  return search["formatOptions.useInt64Timestamp"] === "true";
}
