import type { ResolvedFilter, ResolvedScope } from "@org/data-source-core/adapter";

export type RedshiftPart =
  | "schemas"
  | "tables"
  | "columns"
  | "late-binding-columns"
  | "constraints"
  | "definitions"
  | "sizes"
  | "materialized-views"
  | "external-tables"
  | "external-columns";

/** One statement of introspection. */
export interface CatalogQuery {
  readonly text: string;
  readonly values: readonly (string | null)[];
}

/** Schemas of the system, left out unless schemas are named. */
const systemSchemas = [String.raw`pg\_%`, String.raw`information\_schema`, String.raw`catalog\_history`];

/**
 * One statement a part, whatever the number of tables, each over relations of one kind: the leader node's (pg_…) cannot
 * be joined with the others. Redshift has no arrays to bind, so each pattern is a parameter of its own.
 */
export function redshiftQueries(database: string, scope: ResolvedScope): Readonly<Record<RedshiftPart, CatalogQuery>> {
  const schemas: ResolvedFilter = scope.schemas.include
    ? scope.schemas
    : { ...scope.schemas, exclude: [...scope.schemas.exclude, ...systemSchemas] };

  const query = (
    select: string,
    { database: databaseColumn, schema, table }: { database?: string; schema?: string; table?: string },
  ): CatalogQuery => {
    const values: string[] = [];
    const bind = (value: string): string => `$${values.push(value)}`;
    const conditions = [
      ...(databaseColumn === undefined ? [] : [`${databaseColumn} = ${bind(database)}`]),
      ...(schema === undefined ? [] : likes(schema, schemas, bind)),
      ...(table === undefined ? [] : likes(table, scope.tables, bind)),
    ];
    return { text: conditions.length === 0 ? select : `${select}\nwhere ${conditions.join("\n  and ")}`, values };
  };
  const named = { database: "database_name", schema: "schema_name", table: "table_name" };
  const external = { database: "redshift_database_name", schema: "schemaname", table: "tablename" };
  return {
    schemas: query(`select schema_name, schema_type from svv_all_schemas`, {
      database: "database_name",
      schema: "schema_name",
    }),
    tables: query(`select schema_name, table_name, table_type, table_owner, remarks from svv_redshift_tables`, named),
    columns: query(
      `select schema_name, table_name, column_name, ordinal_position, data_type, column_default, is_nullable, remarks,
  distkey, sortkey
from svv_redshift_columns`,
      named,
    ),
    "late-binding-columns": query(
      `select view_schema, view_name, col_name, col_num, col_type
from pg_get_late_binding_view_cols() cols(view_schema name, view_name name, col_name name, col_type varchar, col_num int)`,
      { schema: "view_schema", table: "view_name" },
    ),
    constraints: query(constraints, { schema: "n.nspname", table: "c.relname" }),
    definitions: query(`select schemaname, viewname, definition from pg_catalog.pg_views`, {
      schema: "schemaname",
      table: "viewname",
    }),
    sizes: query(`select "schema", "table", diststyle, size, tbl_rows from svv_table_info`, {
      database: `"database"`,
      schema: `"schema"`,
      table: `"table"`,
    }),
    // Its columns are padded with blanks, which LIKE would have to match.
    "materialized-views": query(`select schema_name, name, is_stale, autorefresh from svv_mv_info`, {
      database: "database_name",
    }),
    "external-tables": query(`select schemaname, tablename, location from svv_external_tables`, external),
    "external-columns": query(
      `select schemaname, tablename, columnname, columnnum, external_type, is_nullable, part_key from svv_external_columns`,
      external,
    ),
  };
}

/** A row for each column of a key, and on a foreign key for each column that it refers to besides. */
const constraints = `select n.nspname, c.relname, k.contype, k.conname, k.conkey, a.attnum, a.attname,
  fn.nspname, fc.relname, k.confkey, fa.attnum, fa.attname
from pg_catalog.pg_constraint k
join pg_catalog.pg_class c on c.oid = k.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = any (k.conkey)
left join pg_catalog.pg_class fc on fc.oid = k.confrelid
left join pg_catalog.pg_namespace fn on fn.oid = fc.relnamespace
left join pg_catalog.pg_attribute fa on fa.attrelid = k.confrelid and fa.attnum = any (k.confkey)`;

function likes(column: string, { include, exclude }: ResolvedFilter, bind: (value: string) => string): string[] {
  const any = include?.map((pattern) => `${column} like ${bind(pattern)}`);
  return [
    ...(any ? [`(${any.join(" or ")})`] : []),
    ...exclude.map((pattern) => `${column} not like ${bind(pattern)}`),
  ];
}
