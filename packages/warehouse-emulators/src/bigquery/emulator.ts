import { createFaults, type Fault } from "./faults.ts";
import { listen, type Answer, type RecordedRequest } from "./http.ts";
import { createIdentity, type Identity } from "./identity.ts";
import type { Job } from "./job.ts";
import { createJobs } from "./jobs.ts";
import { Problem } from "./problem.ts";
import { createProject, type Project } from "./project.ts";
import { findRoute } from "./routes.ts";
import type { Script } from "./script.ts";
import type { DatasetDefinition, TableDefinition } from "./tables.ts";

export interface BigQueryEmulatorOptions {
  /** Default `test-project`. */
  readonly projectId?: string;
  /** Default `US`. */
  readonly location?: string;
  /** How long one call waits for a job, in milliseconds. Default 200,000, as the service. */
  readonly maxWaitMs?: number;
  /** What a page's rows may take as JSON. Default 10 MiB, as the service. */
  readonly pageBytes?: number;
  /** How long a cancelled job takes to be DONE, in milliseconds. Default 0. */
  readonly cancelDelayMs?: number;
}

/** A local BigQuery for tests. */
export interface BigQueryEmulator extends AsyncDisposable {
  /** The API endpoint. */
  readonly url: string;
  readonly projectId: string;
  readonly location: string;
  /** Every request, in order. */
  readonly requests: readonly RecordedRequest[];
  /** Every job that ran or runs; dry runs are none. */
  readonly jobs: readonly Job[];
  /** Of all jobs together. */
  readonly bytesBilled: bigint;
  readonly identity: Identity;
  defineDataset(definition: DatasetDefinition): Promise<void>;
  defineTable(definition: TableDefinition): Promise<void>;
  /** Runs a statement of GoogleSQL behind the API, to fill tables. */
  execute(sql: string): Promise<void>;
  /** An answer in place of DuckDB's. */
  script(script: Script): void;
  fault(fault: Fault): void;
  /** Counts the requests of a route. */
  count(route: string): number;
  close(): Promise<void>;
}

export async function startBigQueryEmulator(options: BigQueryEmulatorOptions = {}): Promise<BigQueryEmulator> {
  const { projectId = "test-project", location = "US", maxWaitMs = 200_000, cancelDelayMs = 0 } = options;
  const pageBytes = options.pageBytes ?? 10 * 1024 * 1024;
  const project = await createProject({ projectId, location });
  const jobs = createJobs({ project, projectId, location, cancelDelayMs });
  const faults = createFaults();
  const identity = createIdentity();
  const requests: RecordedRequest[] = [];

  const answer = async (raw: Omit<RecordedRequest, "route">): Promise<Answer> => {
    const impersonation = /^\/v1\/projects\/-\/serviceAccounts\/[^/]+:generateAccessToken$/.test(raw.path);
    const route = findRoute(raw.method, raw.path);
    const request = { ...raw, route: impersonation ? "iam.generateAccessToken" : (route?.name ?? "unknown") };
    requests.push(request);
    return await faults.apply(request, async () => {
      try {
        if (impersonation) return identity.impersonate(request);
        identity.check(request);
        if (!route) throw new Problem("notImplemented", `BigQuery emulator: no route for ${raw.method} ${raw.path}`);
        return await route.handle(request, { project, jobs, projectId, location, maxWaitMs, pageBytes });
      } catch (error) {
        const problem = error instanceof Problem ? error : new Problem("internalError", String(error));
        return { status: problem.status, body: problem.toBody() };
      }
    });
  };
  const server = await listen(answer);
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> =>
    (closed ??= (async () => {
      await server.close();
      for (const job of jobs.all) job.cancel();
      await Promise.all(jobs.all.map((job) => job.done));
      project.close();
    })());
  return {
    url: server.url,
    projectId,
    location,
    requests,
    jobs: jobs.all,
    get bytesBilled() {
      return jobs.all.reduce((sum, job) => sum + job.bytesBilled, 0n);
    },
    identity,
    defineDataset: (definition) => project.defineDataset(definition),
    defineTable: (definition) => project.defineTable(definition),
    execute: (sql) => executeBehind(project, sql),
    script: (script) => project.script(script),
    fault: (fault) => faults.add(fault),
    count: (route) => requests.filter((request) => request.route === route).length,
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function executeBehind(project: Project, sql: string): Promise<void> {
  const none = { parameters: [], defaultDataset: undefined, labels: {}, jobTimeoutMs: undefined };
  await project.run({ sql, ...none, maximumBytesBilled: undefined, useLegacySql: false }, new AbortController().signal);
}
