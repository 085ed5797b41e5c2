import {
  type Catalog,
  type CatalogColumn,
  type CatalogTable,
  type ColumnStatistics,
  DataSourceError,
} from "@org/data-source-core";
import { createDeadline, sampleTables } from "@org/data-source-core/adapter";
import type { Engine } from "./engine.ts";
import { toDataSourceError } from "./error-map.ts";
import type { ResolvedStatistics } from "./scope.ts";
import { parseWithRows, type RowPage } from "./row-page.ts";
import { createRowReader, type TableField } from "./type-map.ts";

/** Counts on a table's first rows, read by tabledata.list: that is free, whatever the table's size. */
export async function addStatistics(
  engine: Engine,
  catalog: Catalog,
  sampling: ResolvedStatistics,
  signal: AbortSignal,
): Promise<Catalog> {
  return await sampleTables(catalog, { concurrency: sampling.concurrency, signal }, async (schema, table) => {
    if (table.kind !== "table") throw unlisted(table);
    return await sample(engine, schema.catalog ?? "", schema.name, table, sampling, signal);
  });
}

function unlisted({ kind }: CatalogTable): DataSourceError {
  return new DataSourceError({
    code: "UNSUPPORTED",
    kind: "bigquery",
    message: `rows of a ${kind} cannot be listed`,
  });
}

async function sample(
  engine: Engine,
  projectId: string,
  dataset: string,
  table: CatalogTable,
  { sampleRows, samples, statementTimeoutMs }: ResolvedStatistics,
  signal: AbortSignal,
): Promise<CatalogTable> {
  using deadline = createDeadline({ timeoutMs: statementTimeoutMs, signals: [signal], kind: "bigquery" });
  const path = `/datasets/${encodeURIComponent(dataset)}/tables/${encodeURIComponent(table.name)}`;
  try {
    const { schema } = await engine.connection.call<{ schema?: { fields?: readonly TableField[] } }>(
      { method: "GET", path, projectId, search: { fields: "schema" } },
      deadline,
    );
    const search = { maxResults: sampleRows, "formatOptions.useInt64Timestamp": true };
    const { rows } = await engine.connection.call<{ rows: RowPage }>(
      { method: "GET", path: `${path}/data`, projectId, search, parse: parseWithRows },
      deadline,
    );
    const fields = schema?.fields ?? [];
    const values = rows.read(0, sampleRows).map(createRowReader(fields, engine.options));
    const columns = table.columns.map((column): CatalogColumn => {
      const index = fields.findIndex((field) => field.name === column.name);
      if (index === -1) return column;
      const statistics = statisticsOf(
        column,
        values.map((row) => row[index]),
        samples,
      );
      return { ...column, statistics };
    });
    return { ...table, columns };
  } catch (error) {
    throw signal.aborted ? error : toDataSourceError(error, { redact: engine.redact });
  }
}

function statisticsOf(column: CatalogColumn, values: readonly unknown[], samples: number): ColumnStatistics {
  const present = values.filter((value) => value !== null);
  const compare = comparisons[column.type];
  const isScalar = !["array", "struct", "json"].includes(column.type);
  const distinct = new Map((isScalar ? present : []).map((value) => [textOf(value), value]));
  const sorted = compare ? [...distinct.values()].sort(compare) : [];
  return {
    source: "sample",
    sampledRows: values.length,
    distinctCount: isScalar ? distinct.size : undefined,
    nullFraction: values.length === 0 ? undefined : (values.length - present.length) / values.length,
    min: sorted[0],
    max: sorted.at(-1),
    samples: samples === 0 ? undefined : (isScalar ? [...distinct.values()] : present).slice(0, samples),
  };
}

type Compare = (a: unknown, b: unknown) => number;

const asText = by(textOf);

/** How a type's values are ordered; others have no order, or none that is certain here. */
const comparisons: Partial<Record<CatalogColumn["type"], Compare>> = {
  integer: by((value) => BigInt(textOf(value))),
  float: by(Number),
  decimal: by((value) => scaled(textOf(value))),
  string: asText,
  date: asText,
  time: asText,
  timestamp: asText,
  timestamptz: by((value) => textOf(value).replace("Z", "")),
};

/** Of a scalar. */
function textOf(value: unknown): string {
  return value instanceof Uint8Array ? value.join() : String(value);
}

function by(keyOf: (value: unknown) => bigint | number | string): Compare {
  return (a, b) => {
    const [left, right] = [keyOf(a), keyOf(b)];
    if (left === right) return 0;
    return left < right ? -1 : 1;
  };
}

/** A decimal as a whole number of its 38th places, which is as many as BIGNUMERIC has. */
function scaled(decimal: string): bigint {
  const [whole = "", fraction = ""] = decimal.split(".");
  return BigInt(whole + fraction.padEnd(38, "0"));
}
