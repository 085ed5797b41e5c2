import { dataTypeOf, type Field } from "./field.ts";
import type { TableDefinition, Tables } from "./tables.ts";

type Line = Readonly<Record<string, string | number | null>>;

/** A view of INFORMATION_SCHEMA: its columns in DuckDB's types, and its lines for the tables in question. */
interface View {
  readonly columns: string;
  /** `dataset`: only as dataset.INFORMATION_SCHEMA, `region`: only as region-x.INFORMATION_SCHEMA. */
  readonly only?: "dataset" | "region";
  readonly lines: (table: TableDefinition, tables: Tables) => readonly Line[];
}

const tableTypes = {
  TABLE: "BASE TABLE",
  VIEW: "VIEW",
  MATERIALIZED_VIEW: "MATERIALIZED VIEW",
  EXTERNAL: "EXTERNAL",
  SNAPSHOT: "SNAPSHOT",
} as const;

const named = ({ dataset, table }: TableDefinition): Line => ({ table_schema: dataset, table_name: table });
const name = "table_schema varchar, table_name varchar";

export const views: Readonly<Record<string, View>> = {
  TABLES: {
    columns: `${name}, table_type varchar, creation_time timestamptz, ddl varchar`,
    lines: (table) => [
      {
        ...named(table),
        table_type: tableTypes[table.type ?? "TABLE"],
        creation_time: "2024-01-02 03:04:05.678901+00",
        ddl: ddlOf(table),
      },
    ],
  },
  COLUMNS: {
    columns: `${name}, column_name varchar, ordinal_position bigint, is_nullable varchar, data_type varchar, is_generated varchar, generation_expression varchar, is_partitioning_column varchar, clustering_ordinal_position bigint, collation_name varchar, column_default varchar`,
    lines: (table) =>
      table.schema.map((field, index) => ({
        ...named(table),
        column_name: field.name,
        ordinal_position: index + 1,
        is_nullable: field.mode === "REQUIRED" ? "NO" : "YES",
        data_type: dataTypeOf(field),
        is_generated: "NEVER",
        generation_expression: null,
        is_partitioning_column: table.partitionBy?.column === field.name ? "YES" : "NO",
        clustering_ordinal_position: (table.clusterBy ?? []).indexOf(field.name) + 1 || null,
        collation_name: "NULL",
        column_default: field.defaultValueExpression ?? "NULL",
      })),
  },
  COLUMN_FIELD_PATHS: {
    columns: `${name}, column_name varchar, field_path varchar, data_type varchar, description varchar`,
    lines: (table) =>
      table.schema.flatMap((field) =>
        paths(field).map(([path, inner]) => ({
          ...named(table),
          column_name: field.name,
          field_path: path,
          data_type: dataTypeOf(inner),
          description: inner.description ?? null,
        })),
      ),
  },
  VIEWS: {
    columns: `${name}, view_definition varchar, use_standard_sql varchar`,
    lines: (table) =>
      table.query === undefined ? [] : [{ ...named(table), view_definition: table.query, use_standard_sql: "YES" }],
  },
  TABLE_OPTIONS: {
    columns: `${name}, option_name varchar, option_type varchar, option_value varchar`,
    lines: (table) => [
      ...(table.description === undefined
        ? []
        : [
            {
              ...named(table),
              option_name: "description",
              option_type: "STRING",
              option_value: literal(table.description),
            },
          ]),
      ...(table.labels === undefined
        ? []
        : [
            {
              ...named(table),
              option_name: "labels",
              option_type: "ARRAY<STRUCT<STRING, STRING>>",
              option_value: `[${Object.entries(table.labels)
                .map(([key, value]) => `STRUCT(${literal(key)}, ${literal(value)})`)
                .join(", ")}]`,
            },
          ]),
    ],
  },
  TABLE_STORAGE: {
    columns: `${name}, total_rows bigint, total_logical_bytes bigint, storage_last_modified_time timestamptz, deleted boolean`,
    only: "region",
    lines: (table) =>
      (table.type ?? "TABLE") === "TABLE"
        ? [
            {
              ...named(table),
              total_rows: table.rows ?? 0,
              total_logical_bytes: table.bytes ?? 0,
              storage_last_modified_time: "2024-02-03 04:05:06+00",
              deleted: "false",
            },
          ]
        : [],
  },
  TABLE_CONSTRAINTS: {
    columns: `constraint_schema varchar, constraint_name varchar, ${name}, constraint_type varchar, enforced varchar`,
    only: "dataset",
    lines: (table) =>
      keysOf(table).map((key) => ({
        constraint_schema: table.dataset,
        constraint_name: key.name,
        ...named(table),
        constraint_type: key.references ? "FOREIGN KEY" : "PRIMARY KEY",
        enforced: "NO",
      })),
  },
  KEY_COLUMN_USAGE: {
    columns: `constraint_schema varchar, constraint_name varchar, ${name}, column_name varchar, ordinal_position bigint, position_in_unique_constraint bigint`,
    only: "dataset",
    lines: (table, tables) =>
      keysOf(table).flatMap((key) =>
        key.columns.map((column, index) => {
          const unique = key.references && tables.find(table.dataset, key.table)?.primaryKey;
          return {
            constraint_schema: table.dataset,
            constraint_name: key.name,
            ...named(table),
            column_name: column,
            ordinal_position: index + 1,
            position_in_unique_constraint: unique ? unique.indexOf(key.references?.[index] ?? "") + 1 : null,
          };
        }),
      ),
  },
  CONSTRAINT_COLUMN_USAGE: {
    columns: `${name}, column_name varchar, constraint_schema varchar, constraint_name varchar`,
    only: "dataset",
    lines: (table) =>
      keysOf(table).flatMap((key) =>
        [...(key.references ?? key.columns)].sort().map((column) => ({
          table_schema: table.dataset,
          table_name: key.table,
          column_name: column,
          constraint_schema: table.dataset,
          constraint_name: key.name,
        })),
      ),
  },
};

interface Key {
  readonly name: string;
  readonly columns: readonly string[];
  /** The table that the columns of `references`, else the key's own, are in. */
  readonly table: string;
  readonly references?: readonly string[];
}

function keysOf({ table, primaryKey, foreignKeys = [] }: TableDefinition): Key[] {
  return [
    ...(primaryKey ? [{ name: `${table}.pk$`, columns: primaryKey, table }] : []),
    ...foreignKeys.map((key) => ({ ...key, name: `${table}.${key.name}` })),
  ];
}

function paths(field: Field, prefix = ""): [string, Field][] {
  const path = prefix + field.name;
  return [[path, field], ...(field.fields ?? []).flatMap((inner) => paths(inner, `${path}.`))];
}

function ddlOf(table: TableDefinition): string {
  const columns = table.schema.map((field) => `  ${field.name} ${dataTypeOf(field)}`).join(",\n");
  const head = `CREATE ${tableTypes[table.type ?? "TABLE"].replace("BASE ", "")} \`${table.dataset}.${table.table}\``;
  if (table.query !== undefined) return `${head}\nAS ${table.query};`;
  const partition = table.partitionBy ? `\nPARTITION BY ${table.partitionBy.expression}` : "";
  const cluster = table.clusterBy ? `\nCLUSTER BY ${table.clusterBy.join(", ")}` : "";
  return `${head}\n(\n${columns}\n)${partition}${cluster};`;
}

function literal(text: string): string {
  return JSON.stringify(text);
}
