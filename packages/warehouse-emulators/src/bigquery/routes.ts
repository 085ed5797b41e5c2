import type { QueryParameter } from "./engine.ts";
import type { RecordedRequest, Reply } from "./http.ts";
import { waitFor, type QuerySetting } from "./job.ts";
import type { Jobs } from "./jobs.ts";
import { Problem } from "./problem.ts";
import type { Project } from "./project.ts";
import { dryRunResource, jobResource, offsetOf, requireInt64Timestamps, resultsResource } from "./resources.ts";
import { tableResource } from "./tables.ts";

export interface RouteSetting {
  readonly project: Project;
  readonly jobs: Jobs;
  readonly projectId: string;
  readonly location: string;
  /** One call waits for a job at most so long. */
  readonly maxWaitMs: number;
  readonly pageBytes: number;
}

type Handler = (request: RecordedRequest, names: readonly string[], setting: RouteSetting) => Promise<object>;

const routes: readonly {
  readonly name: string;
  readonly method: string;
  readonly path: RegExp;
  readonly handle: Handler;
}[] = [
  { name: "jobs.query", method: "POST", path: /^\/queries$/, handle: query },
  { name: "jobs.getQueryResults", method: "GET", path: /^\/queries\/([^/]+)$/, handle: getQueryResults },
  { name: "jobs.insert", method: "POST", path: /^\/jobs$/, handle: insert },
  {
    name: "jobs.get",
    method: "GET",
    path: /^\/jobs\/([^/]+)$/,
    handle: async ({ search }, [id = ""], { jobs, projectId }) =>
      jobResource(jobs.find(id, search["location"]), projectId),
  },
  {
    name: "jobs.cancel",
    method: "POST",
    path: /^\/jobs\/([^/]+)\/cancel$/,
    handle: async ({ search }, [id = ""], { jobs, projectId }) => {
      const job = jobs.find(id, search["location"]);
      job.cancel();
      return { kind: "bigquery#jobCancelResponse", job: jobResource(job, projectId) };
    },
  },
  { name: "datasets.list", method: "GET", path: /^\/datasets$/, handle: listDatasets },
  { name: "tables.list", method: "GET", path: /^\/datasets\/([^/]+)\/tables$/, handle: listTables },
  {
    name: "tables.get",
    method: "GET",
    path: /^\/datasets\/([^/]+)\/tables\/([^/]+)$/,
    handle: async (_request, [dataset = "", table = ""], setting) =>
      tableResource(tableOf(setting, dataset, table), setting.projectId),
  },
  { name: "tabledata.list", method: "GET", path: /^\/datasets\/([^/]+)\/tables\/([^/]+)\/data$/, handle: listRows },
];

/** The route of a request below `/bigquery/v2/projects/<project>`. */
export function findRoute(
  method: string,
  path: string,
): { readonly name: string; handle(request: RecordedRequest, setting: RouteSetting): Promise<Reply> } | undefined {
  const rest = /^\/bigquery\/v2\/projects\/([^/]+)(\/.*)$/.exec(path);
  if (!rest) return undefined;
  const [, projectId, local = ""] = rest;
  for (const route of routes) {
    const found = route.method === method ? route.path.exec(local) : null;
    if (!found) continue;
    return {
      name: route.name,
      handle: async (request, setting) => {
        if (projectId !== setting.projectId) {
          throw new Problem(
            "accessDenied",
            `Access Denied: Project ${projectId}: User does not have bigquery.jobs.create permission in project ${projectId}.`,
          );
        }
        return { status: 200, body: await route.handle(request, found.slice(1), setting) };
      },
    };
  }
  return undefined;
}

interface QueryBody {
  readonly query?: string;
  readonly useLegacySql?: boolean;
  readonly queryParameters?: readonly QueryParameter[];
  readonly defaultDataset?: { readonly datasetId?: string };
  readonly maximumBytesBilled?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly jobTimeoutMs?: string;
}

function settingOf(query: QueryBody, labels = query.labels, jobTimeoutMs = query.jobTimeoutMs): QuerySetting {
  if (query.query === undefined) throw new Problem("invalid", "Required parameter is missing: query");
  checkLabels(labels ?? {});
  return {
    sql: query.query,
    parameters: query.queryParameters ?? [],
    defaultDataset: query.defaultDataset?.datasetId,
    labels: labels ?? {},
    jobTimeoutMs: jobTimeoutMs === undefined ? undefined : Number(jobTimeoutMs),
    maximumBytesBilled: query.maximumBytesBilled === undefined ? undefined : BigInt(query.maximumBytesBilled),
    useLegacySql: query.useLegacySql ?? true,
  };
}

function checkLabels(labels: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(labels)) {
    if (/^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u.test(key) && /^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u.test(value))
      continue;
    throw new Problem("invalid", `Invalid label: ${key}=${value}`);
  }
}

async function query(request: RecordedRequest, _names: readonly string[], setting: RouteSetting): Promise<object> {
  const body = request.body as QueryBody & {
    readonly requestId?: string;
    readonly timeoutMs?: number;
    readonly maxResults?: number;
    readonly dryRun?: boolean;
    readonly location?: string;
    readonly formatOptions?: { readonly useInt64Timestamp?: boolean };
  };
  const { jobs, project, projectId } = setting;
  const parsed = settingOf(body);
  const verdict = await plan(project, parsed);
  if (body.dryRun) {
    const { bytesProcessed, fields } = verdict;
    return {
      jobComplete: true,
      totalBytesProcessed: String(bytesProcessed),
      ...(fields ? { schema: { fields } } : {}),
    };
  }
  const { requestId, location } = body;
  const job = jobs.create(parsed, verdict, {
    ...(requestId === undefined ? {} : { requestId }),
    ...(location === undefined ? {} : { location }),
  });
  await waitFor(job, Math.min(body.timeoutMs ?? 10_000, setting.maxWaitMs));
  return resultsResource(job, projectId, {
    startIndex: 0,
    maxResults: body.maxResults,
    pageBytes: setting.pageBytes,
    useInt64Timestamp: body.formatOptions?.useInt64Timestamp === true,
  });
}

async function insert(request: RecordedRequest, _names: readonly string[], setting: RouteSetting): Promise<object> {
  const { configuration = {}, jobReference = {} } = request.body as {
    readonly configuration?: {
      readonly query?: QueryBody;
      readonly dryRun?: boolean;
      readonly labels?: Readonly<Record<string, string>>;
      readonly jobTimeoutMs?: string;
    };
    readonly jobReference?: { readonly jobId?: string; readonly location?: string };
  };
  const { jobs, project, projectId, location } = setting;
  const parsed = settingOf(configuration.query ?? {}, configuration.labels, configuration.jobTimeoutMs);
  const verdict = await plan(project, parsed);
  if (configuration.dryRun) return dryRunResource(verdict, projectId, jobReference.location ?? location);
  const job = jobs.create(parsed, verdict, {
    ...(jobReference.jobId === undefined ? {} : { id: jobReference.jobId }),
    ...(jobReference.location === undefined ? {} : { location: jobReference.location }),
  });
  return jobResource(job, projectId);
}

async function plan(project: Project, setting: QuerySetting): ReturnType<Project["plan"]> {
  if (setting.useLegacySql)
    throw new Problem("notImplemented", "BigQuery emulator: no legacy SQL; send useLegacySql: false");
  return await project.plan(setting);
}

async function getQueryResults(
  request: RecordedRequest,
  names: readonly string[],
  setting: RouteSetting,
): Promise<object> {
  const { maxResults, timeoutMs, pageToken, startIndex, location } = request.search;
  const job = setting.jobs.find(names[0] ?? "", location);
  await waitFor(job, Math.min(Number(timeoutMs ?? 10_000), setting.maxWaitMs));
  return resultsResource(job, setting.projectId, {
    startIndex: offsetOf(job, pageToken, startIndex),
    maxResults: maxResults === undefined ? undefined : Number(maxResults),
    pageBytes: setting.pageBytes,
    useInt64Timestamp: usesInt64Timestamp(request),
  });
}

function usesInt64Timestamp({ search }: RecordedRequest): boolean {
  return search["formatOptions.useInt64Timestamp"] === "true";
}

async function listDatasets(
  { search }: RecordedRequest,
  _names: readonly string[],
  setting: RouteSetting,
): Promise<object> {
  const { project, projectId } = setting;
  const all = [...project.tables.datasets.values()].map(({ dataset, location }) => ({
    kind: "bigquery#dataset",
    id: `${projectId}:${dataset}`,
    datasetReference: { projectId, datasetId: dataset },
    location,
  }));
  const { items, nextPageToken } = pageOf(all, search);
  return { kind: "bigquery#datasetList", datasets: items, ...nextPageToken };
}

async function listTables(
  { search }: RecordedRequest,
  names: readonly string[],
  setting: RouteSetting,
): Promise<object> {
  const [dataset = ""] = names;
  const { project, projectId } = setting;
  if (!project.tables.datasets.has(dataset))
    throw new Problem("notFound", `Not found: Dataset ${projectId}:${dataset}`);
  const all = [...project.tables.all.values()]
    .filter((table) => table.dataset === dataset)
    .map((table) => tableResource(table, projectId));
  const { items, nextPageToken } = pageOf(all, search);
  return { kind: "bigquery#tableList", tables: items, totalItems: all.length, ...nextPageToken };
}

async function listRows(request: RecordedRequest, names: readonly string[], setting: RouteSetting): Promise<object> {
  const { search } = request;
  const [dataset = "", table = ""] = names;
  const { schema, type = "TABLE" } = tableOf(setting, dataset, table);
  if (type !== "TABLE") throw new Problem("invalid", `Cannot list a table of type ${type}.`);
  requireInt64Timestamps(schema, usesInt64Timestamp(request));
  const sql = `select * from \`${dataset}.${table}\``;
  const parsed = settingOf({ query: sql, useLegacySql: false });
  const { rows } = await setting.project.run(parsed, new AbortController().signal);
  const wanted = Number(search["maxResults"] ?? 10_000);
  return {
    kind: "bigquery#tableDataList",
    totalRows: String(rows.count),
    rows: rows.read(0, wanted),
    schema: { fields: schema },
  };
}

function tableOf({ project, projectId }: RouteSetting, dataset: string, table: string): ReturnType<typeof mustFind> {
  return mustFind(project, dataset, table, projectId);
}

function mustFind(project: Project, dataset: string, table: string, projectId: string) {
  const found = project.tables.find(dataset, table);
  if (!found) throw new Problem("notFound", `Not found: Table ${projectId}:${dataset}.${table}`);
  return found;
}

function pageOf<T>(
  all: readonly T[],
  { maxResults, pageToken }: Readonly<Record<string, string>>,
): { readonly items: readonly T[]; readonly nextPageToken: { readonly nextPageToken?: string } } {
  const start = Number(pageToken ?? 0);
  const end = start + Number(maxResults ?? 50);
  return { items: all.slice(start, end), nextPageToken: end < all.length ? { nextPageToken: String(end) } : {} };
}
