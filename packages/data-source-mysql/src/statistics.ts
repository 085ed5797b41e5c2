import type { Catalog, CatalogTable, ColumnStatistics, LogicalType } from "@org/data-source-core";
import { createDeadline, type ResolvedIntrospectOptions, sampleTables } from "@org/data-source-core/adapter";
import { runQuery } from "./query.ts";
import { dialect, type Engine, type Lease, type Place } from "./queryable.ts";
import { withReplay } from "./replay.ts";

type Sampling = NonNullable<ResolvedIntrospectOptions["statistics"]>;

/** Figures of the first rows of each table: one or two statements a table. What cannot be read is a warning. */
export async function addStatistics(
  engine: Engine,
  place: Place,
  catalog: Catalog,
  options: ResolvedIntrospectOptions,
  sampling: Sampling,
): Promise<Catalog> {
  const { signal } = options;
  return sampleTables(catalog, { concurrency: sampling.concurrency, signal }, (schema, table) =>
    sample(engine, place, schema.name, table, options, sampling),
  );
}

async function sample(
  engine: Engine,
  place: Place,
  schema: string,
  table: CatalogTable,
  { signal, queryTags }: ResolvedIntrospectOptions,
  { sampleRows, samples, statementTimeoutMs }: Sampling,
): Promise<CatalogTable> {
  const signals = [signal, ...place.signals, engine.lifecycle.signal];
  using deadline = createDeadline({ timeoutMs: statementTimeoutMs, signals, kind: "mysql" });
  const read = async ({ connection }: Lease, text: string): Promise<unknown[][]> => {
    const limits = { maxRows: Infinity, maxBytes: Infinity, rowSchema: undefined };
    const options = { ...limits, readOnly: true, statementTimeoutMs, signal, queryTags };
    const request = { text, params: [], rowMode: "array" as const };
    return (await runQuery<unknown[]>(engine, connection, request, options, undefined, deadline)).rows;
  };
  return withReplay(engine, place, deadline, async (lease) => {
    // Names come from the catalog, and are quoted; they cannot be bound.
    const source = `(select * from ${quote(schema)}.${quote(table.name)} limit ${sampleRows}) as sampled`;
    const [figures = []] = await read(
      lease,
      `select ${["count(*)", ...table.columns.flatMap(figuresOf)].join(", ")} from ${source}`,
    );
    const first = samples > 0 ? await read(lease, `select * from ${source} limit ${samples}`) : undefined;
    const columns = table.columns.map((column, index) => {
      const own = figures.slice(1 + index * 4, 5 + index * 4);
      const values = first?.map((row) => row[index]);
      return { ...column, statistics: statisticsOf(Number(figures[0]), own, values) };
    });
    await lease.end();
    return { ...table, columns };
  });
}

/** Types whose smallest and largest value mean something. */
const ordered: ReadonlySet<LogicalType> = new Set([
  "integer",
  "float",
  "decimal",
  "string",
  "date",
  "time",
  "timestamp",
  "timestamptz",
]);

function figuresOf({ name, type }: { readonly name: string; readonly type: LogicalType }): string[] {
  const column = quote(name);
  const [min, max] = ordered.has(type) ? [`min(${column})`, `max(${column})`] : ["null", "null"];
  return [`count(${column})`, `count(distinct ${column})`, min, max];
}

function statisticsOf(
  sampledRows: number,
  figures: readonly unknown[],
  values: unknown[] | undefined,
): ColumnStatistics {
  const [count, distinct, min, max] = figures;
  return {
    source: "sample",
    sampledRows,
    distinctCount: Number(distinct),
    nullFraction: sampledRows === 0 ? undefined : 1 - Number(count) / sampledRows,
    min: min ?? undefined,
    max: max ?? undefined,
    samples: values && [...new Set(values)].filter((value) => value !== null),
  };
}

function quote(name: string): string {
  return dialect.quoteIdentifier(name);
}
