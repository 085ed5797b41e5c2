import type { RecordedRequest } from "./http.ts";
import { settingOf } from "./job-routes.ts";
import { Problem } from "./problem.ts";
import type { Project } from "./project.ts";
import { requireInt64Timestamps } from "./resources.ts";
import { type RouteSetting, usesInt64Timestamp } from "./route.ts";
import { tableResource } from "./tables.ts";

export async function listDatasets(
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

export async function listTables(
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

export async function listRows(
  request: RecordedRequest,
  names: readonly string[],
  setting: RouteSetting,
): Promise<object> {
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

export function tableOf(
  { project, projectId }: RouteSetting,
  dataset: string,
  table: string,
): ReturnType<typeof mustFind> {
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
