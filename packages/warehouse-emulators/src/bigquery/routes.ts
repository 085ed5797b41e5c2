import type { RecordedRequest, Reply } from "./http.ts";
import { getQueryResults, insert, query } from "./job-routes.ts";
import { Problem } from "./problem.ts";
import { jobResource } from "./resources.ts";
import type { Handler, RouteSetting } from "./route.ts";
import { listDatasets, listRows, listTables, tableOf } from "./table-routes.ts";
import { tableResource } from "./tables.ts";

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
