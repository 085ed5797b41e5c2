import type { Catalog, CatalogColumn, CatalogTable, ColumnStatistics } from "@org/data-source-core";
import { createDeadline, type ResolvedIntrospectOptions, sampleTables, tagText } from "@org/data-source-core/adapter";
import { escapeIdentifier, escapeLiteral } from "pg";
import { statementError } from "./error-map.ts";
import type { WireRow } from "./exchange.ts";
import { run } from "./query.ts";
import type { Engine, Place } from "./queryable.ts";
import { type Figures, ordered } from "./column-figures.ts";
import { readRedshiftSample, redshiftSampleQuery } from "./redshift-statistics.ts";
import { withReplay } from "./replay.ts";

type Sampling = NonNullable<ResolvedIntrospectOptions["statistics"]>;

/**
 * Figures of a sample of each table: one statement a table, over at most `sampleRows` rows of randomly chosen pages.
 * What cannot be sampled is a warning; the catalog stays.
 */
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
  options: ResolvedIntrospectOptions,
  sampling: Sampling,
): Promise<CatalogTable> {
  const signals = [options.signal, ...place.signals, engine.lifecycle.signal];
  using deadline = createDeadline({ timeoutMs: sampling.statementTimeoutMs, signals, kind: "postgres" });
  return await withReplay(place, deadline, true, async (lease) => {
    const isRedshift = place.flavour === "redshift";
    const query = isRedshift
      ? { text: redshiftSampleQuery(schema, table, sampling.sampleRows) }
      : { text: sampleQuery(schema, table, sampling), values: [String(sampling.sampleRows)] };
    const { text } = tagText(query.text, options.queryTags);
    const main = { ...query, text, maxRows: 0, isMain: true };
    const { error, rows } = await run(lease.connection, "read", main, deadline, true);
    if (error) throw statementError(error, { redact: engine.redact, deadline });
    const [row = []] = rows;
    const perColumn = isRedshift ? readRedshiftSample(table, row) : readSample(row);
    const columns = table.columns.map((column, index) => {
      const figures = perColumn[index];
      if (!figures) return column;
      const samples = isRedshift ? 0 : sampling.samples;
      return { ...column, statistics: statisticsOf(engine, column, Number(row[0]), figures, samples) };
    });
    await lease.end();
    return { ...table, columns };
  });
}

/** Names come from the catalog, and are quoted; they cannot be bound. */
function sampleQuery(schema: string, table: CatalogTable, { sampleRows, samples }: Sampling): string {
  const perColumn = table.columns.map((column) => {
    const name = escapeIdentifier(column.name);
    const [min, max] = ordered.has(column.type) ? [`min(${name})::text`, `max(${name})::text`] : ["null", "null"];
    const values = samples > 0 ? `to_json((array_agg(distinct ${name}::text))[1:${samples}])` : "null";
    return `json_build_array(count(${name}), count(distinct ${name}::text), ${min}, ${max}, ${values})`;
  });
  const from = `${escapeIdentifier(schema)}.${escapeIdentifier(table.name)}${tableSample(table, sampleRows)}`;
  return `select ${["count(*)", ...perColumn].join(", ")} from (select * from ${from} limit $1::int8) as sampled`;
}

/** Only what is stored can be sampled by pages; of anything else the first rows are read. */
function tableSample({ kind, rowCount }: CatalogTable, sampleRows: number): string {
  if (rowCount === undefined || (kind !== "table" && kind !== "materialized-view")) return "";
  // Some more than needed, since pages differ and the LIMIT cuts.
  const percent = (100 * 2 * sampleRows) / Math.max(1, rowCount.value);
  return percent >= 100 ? "" : ` tablesample system (${escapeLiteral(percent.toFixed(6))}::float4)`;
}

function readSample([, ...perColumn]: WireRow): Figures[] {
  return perColumn.map((json) => JSON.parse(json ?? "[0,0,null,null,null]") as Figures);
}

function statisticsOf(
  engine: Engine,
  column: CatalogColumn,
  sampledRows: number,
  [count, distinct, min, max, values]: Figures,
  samples: number,
): ColumnStatistics {
  const oid = engine.types.oidOf(column.nativeType);
  const convert = (oid === undefined ? undefined : engine.types.get(oid)?.convert) ?? ((text: string) => text);
  const value = (text: string | null): unknown => (text === null ? undefined : convert(text));
  return {
    source: "sample",
    sampledRows,
    distinctCount: distinct,
    nullFraction: sampledRows === 0 ? undefined : 1 - count / sampledRows,
    min: value(min),
    max: value(max),
    samples: samples > 0 ? (values ?? []).filter((text) => text !== null).map(convert) : undefined,
  };
}
