import type { Catalog, CatalogColumn, CatalogTable, ColumnStatistics, LogicalType } from "@org/data-source-core";
import { type RawRow, type ResolvedIntrospectOptions, sampleTables } from "@org/data-source-core/adapter";
import { dialect } from "./params.ts";
import { deadlineOf, type Engine, type Place, toCall } from "./queryable.ts";
import { openRows } from "./rows.ts";

type Sampling = NonNullable<ResolvedIntrospectOptions["statistics"]>;

/**
 * Figures of a sample of each table: one statement a table, for at most `sampleRows` rows. Of values without an order
 * only whether they are null is read. What cannot be sampled is a warning; the catalog stays.
 */
export async function addStatistics(
  engine: Engine,
  place: Place,
  catalog: Catalog,
  options: ResolvedIntrospectOptions,
  sampling: Sampling,
): Promise<Catalog> {
  const { signal } = options;
  return sampleTables(catalog, { concurrency: sampling.concurrency, signal }, async (schema, table) => {
    const name = [schema.catalog, schema.name, table.name].filter((part) => part !== undefined);
    const rows = await sample(engine, place, name, table, options, sampling);
    const columns = table.columns.map((column, index) => ({
      ...column,
      statistics: statisticsOf(
        column,
        rows.map((row) => row[index]),
        sampling,
      ),
    }));
    return { ...table, columns };
  });
}

/** Types whose values, as they arrive, can be compared. */
const ordered: ReadonlySet<LogicalType> = new Set([
  "boolean",
  "integer",
  "float",
  "decimal",
  "string",
  "date",
  "time",
  "timestamp",
]);

async function sample(
  engine: Engine,
  place: Place,
  name: readonly string[],
  { columns }: CatalogTable,
  options: ResolvedIntrospectOptions,
  { sampleRows, statementTimeoutMs }: Sampling,
): Promise<RawRow[]> {
  if (columns.length === 0) return [];
  const selected = columns.map((column) => {
    const quoted = dialect.quoteIdentifier(column.name);
    return ordered.has(column.type) ? quoted : `iff(${quoted} is null, null, true)`;
  });
  const from = name.map(dialect.quoteIdentifier).join(".");
  const text = `select ${selected.join(", ")} from ${from} sample (${Math.min(sampleRows, 1_000_000)} rows)`;
  using deadline = deadlineOf(engine, place, { statementTimeoutMs, signal: options.signal });
  const readOnly = { queryTags: options.queryTags, readOnly: true };
  const call = toCall({ text, params: [], rowMode: "array" }, readOnly, deadline, sampleRows);
  return place.run(call, async (statement, lease) => {
    const rows = openRows(statement, engine.types, sampleRows);
    try {
      return (await rows.read(sampleRows, deadline)).rows;
    } finally {
      rows.close();
      lease.release();
    }
  });
}

function statisticsOf(column: CatalogColumn, values: readonly unknown[], { samples }: Sampling): ColumnStatistics {
  const present = values.filter((value) => value !== null);
  const isOrdered = ordered.has(column.type);
  const distinct = [...new Map(present.map((value) => [keyOf(value), value])).values()];
  const compare = column.type === "decimal" ? compareDecimals : compareValues;
  const sorted = isOrdered ? [...distinct].sort(compare) : [];
  return {
    source: "sample",
    sampledRows: values.length,
    distinctCount: isOrdered ? distinct.length : undefined,
    nullFraction: values.length === 0 ? undefined : 1 - present.length / values.length,
    min: sorted[0],
    max: sorted.at(-1),
    samples: samples > 0 && isOrdered ? distinct.slice(0, samples) : undefined,
  };
}

function compareValues(a: unknown, b: unknown): number {
  return (a as string) < (b as string) ? -1 : 1;
}

function keyOf(value: unknown): string {
  return `${typeof value} ${value as string}`;
}

/** Of one column, so of one scale: without their points they are integers. */
function compareDecimals(a: unknown, b: unknown): number {
  const [left, right] = [a, b].map((value) => BigInt((value as string).replace(".", "")));
  return (left as bigint) < (right as bigint) ? -1 : 1;
}
