import {
  type Catalog,
  type CatalogWarning,
  type IntrospectOptions,
  type IntrospectScope,
  isDataSourceError,
  ValidationError,
} from "@org/data-source-core";
import {
  createDeadline,
  observed,
  type ResolvedIntrospectOptions,
  type ResolvedScope,
  resolveIntrospectOptions,
  resolveScope,
} from "@org/data-source-core/adapter";
import { buildCatalog } from "./catalog.ts";
import { type CatalogRow, type CatalogRows, catalogQueries, type Part } from "./catalog-queries.ts";
import type { Connection } from "./connection.ts";
import { runQuery } from "./query.ts";
import type { Engine, Place } from "./queryable.ts";
import type { Flavour } from "./settings.ts";
import { withReplay } from "./replay.ts";
import { addStatistics } from "./statistics.ts";

/** Without these there is no catalog; a failure of any other part becomes a warning. */
const essential: readonly Part[] = ["schemas", "tables", "columns"];

export function createIntrospect(engine: Engine, place: Place, flavour: () => Flavour) {
  return async (givenScope?: IntrospectScope, given?: IntrospectOptions): Promise<Catalog> => {
    const scope = resolveScope(givenScope);
    if (scope.catalogs) throw new ValidationError("catalogs: MySQL has none, only schemas (databases)", "catalogs");
    const options = resolveIntrospectOptions(given, place.scope.defaults);
    return observed(engine, { name: "introspect" }, async () => {
      const { rows, warnings } = await readParts(engine, place, scope, options, flavour);
      const catalog = buildCatalog(flavour(), rows, warnings);
      return options.statistics ? addStatistics(engine, place, catalog, options, options.statistics) : catalog;
    });
  };
}

async function readParts(
  engine: Engine,
  place: Place,
  scope: ResolvedScope,
  options: ResolvedIntrospectOptions,
  flavour: () => Flavour,
): Promise<{ rows: CatalogRows; warnings: CatalogWarning[] }> {
  const signals = [options.signal, ...place.signals, engine.lifecycle.signal];
  const timed = () => createDeadline({ timeoutMs: options.statementTimeoutMs, signals, kind: "mysql" });
  using waiting = timed();
  return withReplay(engine, place, waiting, async ({ connection, end }) => {
    const queries = catalogQueries(flavour(), scope);
    const warnings: CatalogWarning[] = [];
    const rows: Partial<Record<Part, readonly CatalogRow[]>> = {};
    for (const part of Object.keys(queries) as Part[]) {
      using deadline = timed();
      try {
        rows[part] = await readAll(engine, connection, queries[part], options, deadline);
      } catch (error) {
        const isMissing =
          isDataSourceError(error) && ["NOT_FOUND", "PERMISSION_DENIED", "QUERY_FAILED"].includes(error.code);
        if (!isMissing || essential.includes(part)) throw error;
        warnings.push({ part, message: error.message, schema: undefined, table: undefined });
      }
    }
    await end();
    return { rows: rows as unknown as CatalogRows, warnings };
  });
}

async function readAll(
  engine: Engine,
  connection: Connection,
  { text, params }: { readonly text: string; readonly params: readonly string[] },
  { statementTimeoutMs, signal, queryTags }: ResolvedIntrospectOptions,
  deadline: ReturnType<typeof createDeadline>,
): Promise<readonly CatalogRow[]> {
  const limits = { maxRows: Infinity, maxBytes: Infinity, rowSchema: undefined };
  const options = { ...limits, readOnly: true, statementTimeoutMs, signal, queryTags };
  const request = { text, params, rowMode: "array" as const };
  const result = await runQuery<CatalogRow[string][]>(engine, connection, request, options, undefined, deadline);
  // MySQL names the columns of its views in capitals, however they are asked for.
  const names = result.columns.map(({ name }) => name.toLowerCase());
  return result.rows.map((values) => {
    const row: Record<string, CatalogRow[string]> = {};
    for (const [index, name] of names.entries()) row[name] = values[index];
    return row;
  });
}
