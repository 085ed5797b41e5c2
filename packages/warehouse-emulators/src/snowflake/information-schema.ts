import type { DuckDBConnection } from "@duckdb/node-api";
import type { EmulatedCatalog, EmulatedTable } from "./catalog.ts";

const schema = `"SNOWFLAKE_INFORMATION_SCHEMA"`;

type Cell = string | number | undefined;

/** The views of INFORMATION_SCHEMA that are emulated, with the columns that they have here. */
const views: Readonly<Record<string, string>> = {
  SCHEMATA: "CATALOG_NAME VARCHAR, SCHEMA_NAME VARCHAR, COMMENT VARCHAR",
  TABLES: `TABLE_CATALOG VARCHAR, TABLE_SCHEMA VARCHAR, TABLE_NAME VARCHAR, TABLE_TYPE VARCHAR, IS_TRANSIENT VARCHAR,
    CLUSTERING_KEY VARCHAR, ROW_COUNT DECIMAL(38, 0), BYTES DECIMAL(38, 0), RETENTION_TIME DECIMAL(38, 0), IS_TEMPORARY VARCHAR,
    CREATED TIMESTAMPTZ, LAST_ALTERED TIMESTAMPTZ, COMMENT VARCHAR`,
  COLUMNS: `TABLE_CATALOG VARCHAR, TABLE_SCHEMA VARCHAR, TABLE_NAME VARCHAR, COLUMN_NAME VARCHAR,
    ORDINAL_POSITION DECIMAL(38, 0), COLUMN_DEFAULT VARCHAR, IS_NULLABLE VARCHAR, DATA_TYPE VARCHAR,
    CHARACTER_MAXIMUM_LENGTH DECIMAL(38, 0), NUMERIC_PRECISION DECIMAL(38, 0), NUMERIC_SCALE DECIMAL(38, 0),
    DATETIME_PRECISION DECIMAL(38, 0), COLLATION_NAME VARCHAR, IS_IDENTITY VARCHAR, IDENTITY_GENERATION VARCHAR,
    COMMENT VARCHAR`,
  VIEWS: "TABLE_CATALOG VARCHAR, TABLE_SCHEMA VARCHAR, TABLE_NAME VARCHAR, VIEW_DEFINITION VARCHAR",
};

/** Brings the tables behind the views up to date, on a connection of their own. */
export async function refreshInformationSchema(connection: DuckDBConnection, catalog: EmulatedCatalog): Promise<void> {
  await connection.run(`create schema if not exists ${schema}`);
  for (const [name, columns] of Object.entries(views)) {
    await connection.run(`create or replace table ${schema}."${name}" (${columns})`);
  }
  const insert = (view: string, values: readonly Cell[]): Promise<unknown> =>
    connection.run(`insert into ${schema}."${view}" values (${values.map(literal).join(", ")})`);
  for (const [name, { comment }] of catalog.schemas) await insert("SCHEMATA", ["DEMO", name, comment]);
  await insert("SCHEMATA", ["DEMO", "INFORMATION_SCHEMA", "Views describing the contents of schemas"]);
  for (const table of catalog.tables.values()) {
    const place = ["DEMO", table.schema, table.name];
    const isView = table.kind === "VIEW";
    const rows = isView ? undefined : await countRows(connection, table);
    const at = new Date(table.createdAt).toISOString();
    const figures = [rows, rows === undefined ? undefined : rows * 512, 1, "NO", at, at, table.comment];
    await insert("TABLES", [...place, table.kind, "NO", table.clusteringKey, ...figures]);
    if (isView) await insert("VIEWS", [...place, table.definition]);
    for (const [index, column] of (await columnsOf(connection, table)).entries()) {
      const { name, dataType, length, precision, scale, nullable, identity, comment } = column;
      const type = [column.default, nullable ? "YES" : "NO", dataType, length, precision, scale];
      const rest = [undefined, undefined, identity ? "YES" : "NO", identity ? "BY DEFAULT" : undefined, comment];
      await insert("COLUMNS", [...place, name, index + 1, ...type, ...rest]);
    }
  }
}

async function countRows(connection: DuckDBConnection, { schema: of, name }: EmulatedTable): Promise<number> {
  const reader = await connection.runAndReadAll(`select count(*) from "${of}"."${name}"`);
  return Number(reader.getRows()[0]?.[0] ?? 0);
}

/** The columns as declared, or for a view or `create table as` as DuckDB sees them. */
async function columnsOf(connection: DuckDBConnection, table: EmulatedTable): Promise<EmulatedTable["columns"]> {
  if (table.columns.length > 0) return table.columns;
  const reader = await connection.runAndReadAll(`describe "${table.schema}"."${table.name}"`);
  return reader.getRows().map(([name, type, nullable]) => {
    const [, width, scale] = /^DECIMAL\((\d+),(\d+)\)$/.exec(String(type)) ?? [];
    const isText = type === "VARCHAR";
    return {
      name: String(name),
      dataType: width === undefined ? (isText ? "TEXT" : String(type)) : "NUMBER",
      length: isText ? 16_777_216 : undefined,
      precision: width === undefined ? undefined : Number(width),
      scale: scale === undefined ? undefined : Number(scale),
      nullable: nullable === "YES",
      default: undefined,
      identity: false,
      comment: undefined,
    };
  });
}

function literal(value: Cell): string {
  if (value === undefined) return "null";
  return typeof value === "number" ? String(value) : `'${value.replaceAll("'", "''")}'`;
}
