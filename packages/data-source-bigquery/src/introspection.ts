import {
  isDataSourceError,
  type Catalog,
  type CatalogSchema,
  type CatalogWarning,
  type IntrospectOptions,
  type IntrospectScope,
  type ParamValue,
} from "@org/data-source-core";
import {
  type CallScope,
  createDeadline,
  createRowLimit,
  observed,
  resolveStatementOptions,
} from "@org/data-source-core/adapter";
import { assembleTables, type CatalogRows } from "./catalog-assembly.ts";
import { datasetQueries, datasetsAtOnce, regionQueries, type CatalogPlace } from "./catalog-queries.ts";
import type { Engine } from "./engine.ts";
import { toDataSourceError } from "./error-map.ts";
import { collect, pageRows, read } from "./query.ts";
import { matchesName, resolveScope, resolveStatistics, type ResolvedScope } from "./scope.ts";
import { prepare } from "./statement.ts";
import { addStatistics } from "./statistics.ts";

interface Context {
  readonly engine: Engine;
  readonly scope: ResolvedScope;
  readonly signal: AbortSignal;
  readonly statementTimeoutMs: number;
  readonly queryTags: Readonly<Record<string, string>> | undefined;
  readonly warnings: CatalogWarning[];
}

/** Datasets by the REST API, which knows their regions; the rest by a fixed number of statements a region. */
export function createIntrospect(engine: Engine, callScope: CallScope) {
  return async (given?: IntrospectScope, options?: IntrospectOptions): Promise<Catalog> => {
    const { statistics, ...rest } = options ?? {};
    const { signal, statementTimeoutMs, queryTags } = resolveStatementOptions(rest, callScope);
    const scope = resolveScope(given);
    const sampling = resolveStatistics(statistics);
    return await observed(engine, { name: "introspect" }, async () => {
      using whole = createDeadline({
        timeoutMs: Infinity,
        signals: [signal, engine.lifecycle.signal],
        kind: "bigquery",
      });
      const context = { engine, scope, signal: whole.signal, statementTimeoutMs, queryTags, warnings: [] };
      try {
        whole.throwIfOver();
        const schemas: CatalogSchema[] = [];
        for (const projectId of scope.catalogs ?? [await engine.connection.projectId()]) {
          schemas.push(...(await readProject(context, projectId)));
        }
        const catalog = { schemas, warnings: context.warnings };
        return sampling ? await addStatistics(engine, catalog, sampling, whole.signal) : catalog;
      } catch (error) {
        throw toDataSourceError(error, { redact: engine.redact });
      }
    });
  };
}

async function readProject(context: Context, projectId: string): Promise<CatalogSchema[]> {
  const datasets = (await listDatasets(context, projectId)).filter(({ dataset }) =>
    matchesName(context.scope.schemas, dataset),
  );
  const regions = new Map<string, string[]>();
  for (const { dataset, location } of datasets) {
    const region = location.toLowerCase();
    regions.set(region, [...(regions.get(region) ?? []), dataset]);
  }
  const schemas: CatalogSchema[] = [];
  for (const [region, names] of regions) {
    const tables = assembleTables(await readRegion(context, { projectId, region, datasets: names }));
    for (const name of names) {
      schemas.push({ catalog: projectId, name, comment: undefined, tables: tables.get(name) ?? [] });
    }
  }
  return schemas;
}

interface DatasetList {
  readonly datasets?: readonly {
    readonly datasetReference: { readonly datasetId: string };
    readonly location: string;
  }[];
  readonly nextPageToken?: string;
}

async function listDatasets(
  { engine, signal, statementTimeoutMs }: Context,
  projectId: string,
): Promise<{ readonly dataset: string; readonly location: string }[]> {
  using deadline = createDeadline({ timeoutMs: statementTimeoutMs, signals: [signal], kind: "bigquery" });
  const found: { dataset: string; location: string }[] = [];
  let pageToken: string | undefined;
  do {
    const search = { maxResults: 1000, pageToken };
    const page: DatasetList = await engine.connection.call(
      { method: "GET", path: "/datasets", projectId, search },
      deadline,
    );
    for (const { datasetReference, location } of page.datasets ?? []) {
      found.push({ dataset: datasetReference.datasetId, location });
    }
    pageToken = page.nextPageToken;
  } while (pageToken !== undefined);
  return found;
}

async function readRegion(context: Context, place: CatalogPlace): Promise<CatalogRows> {
  const { include, exclude } = context.scope.tables;
  const params = { datasets: place.datasets, include, exclude };
  const read = (text: string): Promise<readonly unknown[]> => readRows(context, place, text, params);
  const chunks: CatalogPlace[] = [];
  for (let at = 0; at < place.datasets.length; at += datasetsAtOnce) {
    chunks.push({ ...place, datasets: place.datasets.slice(at, at + datasetsAtOnce) });
  }
  const readChunks = async (query: (chunk: CatalogPlace) => string): Promise<readonly unknown[]> =>
    (await Promise.all(chunks.map((chunk) => readRows(context, chunk, query(chunk), {})))).flat();
  const optional = async (part: string, work: Promise<readonly unknown[]>): Promise<readonly unknown[] | undefined> => {
    try {
      return await work;
    } catch (error) {
      if (context.signal.aborted || !isDataSourceError(error) || error.code === "STATEMENT_TIMEOUT") throw error;
      const message = `${place.projectId}, ${place.region}: ${error.message}`;
      context.warnings.push({ part, message, schema: undefined, table: undefined });
      return undefined;
    }
  };
  const parts = await allSettled({
    tables: read(regionQueries.tables(place)),
    columns: read(regionQueries.columns(place)),
    comments: optional("comments", read(regionQueries.comments(place))),
    options: optional("options", read(regionQueries.options(place))),
    views: optional("views", read(regionQueries.views(place))),
    storage: optional("storage", read(regionQueries.storage(place))),
    keys: optional("keys", readChunks(datasetQueries.keys)),
    references: optional("keys", readChunks(datasetQueries.references)),
  });
  return parts as unknown as CatalogRows;
}

/** Rejects only when all have settled, so that nothing goes on behind the caller's back. */
async function allSettled(work: Readonly<Record<string, Promise<unknown>>>): Promise<Record<string, unknown>> {
  const settled = await Promise.allSettled(Object.values(work));
  return Object.fromEntries(
    Object.keys(work).map((name, index) => {
      const outcome = settled[index];
      if (outcome?.status !== "fulfilled") throw outcome?.reason;
      return [name, outcome.value];
    }),
  );
}

/** The texts are our own: they need no dry run. Where a job runs follows from the region that they name. */
async function readRows(
  { engine, signal, statementTimeoutMs, queryTags }: Context,
  { region }: CatalogPlace,
  text: string,
  params: Readonly<Record<string, ParamValue>>,
): Promise<readonly unknown[]> {
  const options = { ...engine.options, location: region, dataset: undefined, integers: "bigint" as const };
  const { statement, request } = prepare({ text, params }, queryTags, options);
  using deadline = createDeadline({ timeoutMs: statementTimeoutMs, signals: [signal], kind: "bigquery" });
  try {
    const first = await read(engine, statement, pageRows, deadline);
    const limit = createRowLimit({ maxRows: Infinity, maxBytes: Infinity });
    return (await collect({ ...engine, options }, first, "object", limit, deadline)).rows;
  } catch (error) {
    throw toDataSourceError(error, { redact: engine.redact, request });
  }
}
