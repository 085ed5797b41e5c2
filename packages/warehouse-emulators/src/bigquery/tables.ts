import type { Field } from "./field.ts";

/** What a test says about a table: what DuckDB itself cannot hold. */
export interface TableDefinition {
  readonly dataset: string;
  readonly table: string;
  readonly schema: readonly Field[];
  /** Default `TABLE`. */
  readonly type?: "TABLE" | "VIEW" | "MATERIALIZED_VIEW" | "EXTERNAL" | "SNAPSHOT";
  readonly description?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Of a view. */
  readonly query?: string;
  /** What stands behind PARTITION BY, and the column it names. */
  readonly partitionBy?: { readonly expression: string; readonly column?: string };
  readonly clusterBy?: readonly string[];
  readonly primaryKey?: readonly string[];
  readonly foreignKeys?: readonly ForeignKeyDefinition[];
  /** Bytes a statement on it processes, and its rows, as the service's storage statistics say. Default 0. */
  readonly bytes?: number;
  readonly rows?: number;
}

export interface ForeignKeyDefinition {
  readonly name: string;
  readonly columns: readonly string[];
  readonly table: string;
  readonly references: readonly string[];
}

export interface DatasetDefinition {
  readonly dataset: string;
  /** Default: the emulator's. */
  readonly location?: string;
  readonly description?: string;
}

/** The datasets and tables of the project, in order. */
export interface Tables {
  readonly datasets: Map<string, Required<Pick<DatasetDefinition, "dataset" | "location">> & DatasetDefinition>;
  readonly all: Map<string, TableDefinition>;
  find(dataset: string, table: string): TableDefinition | undefined;
}

export function createTables(): Tables {
  const all = new Map<string, TableDefinition>();
  return { datasets: new Map(), all, find: (dataset, table) => all.get(tableKey(dataset, table)) };
}

export function tableKey(dataset: string, table: string): string {
  return `${dataset}.${table}`;
}

/** The REST resource of a table. */
export function tableResource(definition: TableDefinition, projectId: string): object {
  const { dataset, table, schema, partitionBy, clusterBy, primaryKey } = definition;
  const range = partitionBy?.expression.toUpperCase().startsWith("RANGE_BUCKET");
  return {
    kind: "bigquery#table",
    id: `${projectId}:${dataset}.${table}`,
    tableReference: { projectId, datasetId: dataset, tableId: table },
    type: definition.type ?? "TABLE",
    schema: { fields: schema },
    description: definition.description,
    labels: definition.labels,
    numRows: String(definition.rows ?? 0),
    numBytes: String(definition.bytes ?? 0),
    ...(partitionBy && !range ? { timePartitioning: { type: "DAY", field: partitionBy.column } } : {}),
    ...(partitionBy && range ? { rangePartitioning: { field: partitionBy.column } } : {}),
    ...(clusterBy ? { clustering: { fields: clusterBy } } : {}),
    ...(definition.query === undefined ? {} : { view: { query: definition.query, useLegacySql: false } }),
    ...(primaryKey ? { tableConstraints: { primaryKey: { columns: primaryKey } } } : {}),
  };
}
