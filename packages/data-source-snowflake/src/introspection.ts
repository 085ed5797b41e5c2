import {
  type Catalog,
  type CatalogSchema,
  type CatalogWarning,
  type IntrospectOptions,
  type IntrospectScope,
  isDataSourceError,
} from "@org/data-source-core";
import {
  observed,
  type ResolvedIntrospectOptions,
  type ResolvedScope,
  resolveIntrospectOptions,
  resolveScope,
} from "@org/data-source-core/adapter";
import { buildSchemas, type CatalogRows } from "./catalog.ts";
import { catalogQueries, type Part } from "./catalog-queries.ts";
import { deadlineOf, type Engine, type Place, toCall } from "./queryable.ts";
import { type NamedRow, readNamedRows } from "./read-rows.ts";
import { addStatistics } from "./statistics.ts";

/** Without these there is no catalog; a failure of any other part becomes a warning. */
const essential: readonly Part[] = ["schemas", "tables", "columns"];
/** SHOW gives no more rows than this, and does not say so. */
const longestShow = 10_000;

export function createIntrospect(engine: Engine, place: Place) {
  return async (givenScope?: IntrospectScope, given?: IntrospectOptions): Promise<Catalog> => {
    const scope = resolveScope(givenScope);
    const options = resolveIntrospectOptions(given, place.scope.defaults);
    return observed(engine, { name: "introspect" }, async () => {
      const schemas: CatalogSchema[] = [];
      const warnings: CatalogWarning[] = [];
      for (const database of scope.catalogs ?? [undefined]) {
        schemas.push(...buildSchemas(await readParts(engine, place, database, scope, options, warnings)));
      }
      // With a filter on tables, a schema without any of them is of no interest.
      const { include, exclude } = scope.tables;
      const isFiltered = include !== undefined || exclude.length > 0;
      const catalog = { schemas: isFiltered ? schemas.filter(({ tables }) => tables.length > 0) : schemas, warnings };
      return options.statistics ? addStatistics(engine, place, catalog, options, options.statistics) : catalog;
    });
  };
}

async function readParts(
  engine: Engine,
  place: Place,
  database: string | undefined,
  scope: ResolvedScope,
  options: ResolvedIntrospectOptions,
  warnings: CatalogWarning[],
): Promise<CatalogRows> {
  const queries = catalogQueries(database, scope);
  const warn = (part: Part, message: string): undefined => {
    warnings.push({ part, message, schema: undefined, table: undefined });
    return undefined;
  };
  const read = async (part: Part): Promise<readonly NamedRow[] | undefined> => {
    using deadline = deadlineOf(engine, place, options);
    const request = { ...queries[part], rowMode: "array" } as const;
    const call = toCall(request, { queryTags: options.queryTags, readOnly: true }, deadline, Infinity);
    try {
      const rows = await readNamedRows(place, call);
      const isCut = part.endsWith("Keys") && rows.length >= longestShow;
      return isCut ? warn(part, `SHOW gave ${longestShow} rows, its most: there may be more`) : rows;
    } catch (error) {
      const isOver = deadline.signal.aborted || isDataSourceError(error, "CLOSED");
      if (essential.includes(part) || isOver || !isDataSourceError(error)) throw error;
      return warn(part, error.message);
    }
  };
  return {
    schemas: await read("schemas"),
    tables: await read("tables"),
    columns: await read("columns"),
    views: await read("views"),
    primaryKeys: await read("primaryKeys"),
    uniqueKeys: await read("uniqueKeys"),
    foreignKeys: await read("foreignKeys"),
  };
}
