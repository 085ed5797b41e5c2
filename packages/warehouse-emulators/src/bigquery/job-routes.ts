import type { QueryParameter } from "./engine.ts";
import type { RecordedRequest } from "./http.ts";
import { waitFor, type QuerySetting } from "./job.ts";
import { Problem } from "./problem.ts";
import type { Project } from "./project.ts";
import { dryRunResource, jobResource, offsetOf, resultsResource } from "./resources.ts";
import { type RouteSetting, usesInt64Timestamp } from "./route.ts";

interface QueryBody {
  readonly query?: string;
  readonly useLegacySql?: boolean;
  readonly queryParameters?: readonly QueryParameter[];
  readonly defaultDataset?: { readonly datasetId?: string };
  readonly maximumBytesBilled?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly jobTimeoutMs?: string;
}

export function settingOf(query: QueryBody, labels = query.labels, jobTimeoutMs = query.jobTimeoutMs): QuerySetting {
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

export async function query(
  request: RecordedRequest,
  _names: readonly string[],
  setting: RouteSetting,
): Promise<object> {
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

export async function insert(
  request: RecordedRequest,
  _names: readonly string[],
  setting: RouteSetting,
): Promise<object> {
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

export async function getQueryResults(
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
