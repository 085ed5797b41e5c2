import type { Catalog, CatalogSchema, CatalogTable, CatalogWarning } from "./catalog.ts";
import { isDataSourceError } from "./errors.ts";

/**
 * Replaces each table by what `sample` makes of it, so many at once. What cannot be sampled stays as it is, with a
 * warning; an abort and a closed data source end it all.
 */
export async function sampleTables(
  catalog: Catalog,
  { concurrency, signal }: { readonly concurrency: number; readonly signal: AbortSignal | undefined },
  sample: (schema: CatalogSchema, table: CatalogTable) => Promise<CatalogTable>,
): Promise<Catalog> {
  const warnings: CatalogWarning[] = [...catalog.warnings];
  const found = new Map<CatalogTable, CatalogTable>();
  const queue = catalog.schemas.flatMap((schema) => schema.tables.map((table) => ({ schema, table })));
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { schema, table } = next;
      try {
        found.set(table, await sample(schema, table));
      } catch (error) {
        if (!isDataSourceError(error) || signal?.aborted || error.code === "CLOSED") throw error;
        warnings.push({ part: "statistics", message: error.message, schema: schema.name, table: table.name });
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  const schemas = catalog.schemas.map((schema) => ({
    ...schema,
    tables: schema.tables.map((table) => found.get(table) ?? table),
  }));
  return { schemas, warnings };
}
