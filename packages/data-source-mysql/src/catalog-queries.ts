import type { ResolvedFilter, ResolvedScope } from "@org/data-source-core/adapter";
import type { Flavour } from "./settings.ts";

export type Part = "schemas" | "tables" | "columns" | "views" | "indexes" | "foreignKeys" | "checks" | "partitions";

/** A row by its columns' names; `undefined` for a part that could not be read. */
export type CatalogRow = Readonly<Record<string, string | bigint | null | undefined>>;
export interface CatalogRows extends Record<Part, readonly CatalogRow[] | undefined> {
  readonly schemas: readonly CatalogRow[];
  readonly tables: readonly CatalogRow[];
  readonly columns: readonly CatalogRow[];
}

interface BoundQuery {
  readonly text: string;
  readonly params: readonly string[];
}

/** One statement a part, whatever the number of tables. Names are bound, as patterns for LIKE. */
export function catalogQueries(
  flavour: Flavour,
  { schemas, tables }: ResolvedScope,
): Readonly<Record<Part, BoundQuery>> {
  const query = (select: string, from: string, schema: string, table?: string, rest = ""): BoundQuery => {
    const conditions = [
      { text: `${schema} not in ('information_schema', 'mysql', 'performance_schema', 'sys')`, params: [] },
      condition(schema, schemas),
      ...(table === undefined ? [] : [condition(table, tables)]),
    ];
    const where = conditions.map(({ text }) => text).join(" and ");
    return {
      text: `select ${select} from information_schema.${from} where ${where} ${rest}`,
      params: conditions.flatMap(({ params }) => params),
    };
  };
  const isMariaDb = flavour === "mariadb";
  return {
    schemas: query(
      "schema_name as name, default_character_set_name as charset, default_collation_name as collation",
      "schemata",
      "schema_name",
      undefined,
      "order by schema_name",
    ),
    tables: query(
      `table_schema as schema_name, table_name as name, table_type as kind, engine, row_format, table_rows,
      data_length + index_length as bytes, create_time, update_time, table_collation as collation, create_options, table_comment as comment`,
      "tables",
      "table_schema",
      "table_name",
      "order by table_schema, table_name",
    ),
    columns: query(
      `table_schema as schema_name, table_name, column_name as name, column_default as default_value, is_nullable,
      data_type, column_type, character_maximum_length as length, numeric_precision, numeric_scale, datetime_precision,
      collation_name as collation, extra, generation_expression as expression, column_comment as comment`,
      "columns",
      "table_schema",
      "table_name",
      "order by table_schema, table_name, ordinal_position",
    ),
    views: query(
      "table_schema as schema_name, table_name, view_definition as definition",
      "views",
      "table_schema",
      "table_name",
    ),
    indexes: query(
      `table_schema as schema_name, table_name, index_name as name, non_unique, column_name, collation, sub_part,
      index_type, ${isMariaDb ? "null" : "expression"} as expression`,
      "statistics",
      "table_schema",
      "table_name",
      "order by table_schema, table_name, index_name, seq_in_index",
    ),
    foreignKeys: query(
      `k.table_schema as schema_name, k.table_name, k.constraint_name as name, k.column_name,
      k.referenced_table_schema, k.referenced_table_name, k.referenced_column_name, r.update_rule, r.delete_rule`,
      `key_column_usage k join information_schema.referential_constraints r
      on r.constraint_schema = k.constraint_schema and r.table_name = k.table_name and r.constraint_name = k.constraint_name`,
      "k.table_schema",
      "k.table_name",
      "and k.referenced_table_name is not null order by k.table_schema, k.table_name, k.constraint_name, k.ordinal_position",
    ),
    checks: isMariaDb
      ? query(
          "constraint_schema as schema_name, table_name, constraint_name as name, check_clause as expression",
          "check_constraints",
          "constraint_schema",
          "table_name",
        )
      : query(
          "t.table_schema as schema_name, t.table_name, t.constraint_name as name, c.check_clause as expression",
          `table_constraints t join information_schema.check_constraints c
          on c.constraint_schema = t.constraint_schema and c.constraint_name = t.constraint_name`,
          "t.table_schema",
          "t.table_name",
          "and t.constraint_type = 'CHECK'",
        ),
    partitions: query(
      `table_schema as schema_name, table_name, partition_name as name, partition_method as method,
      partition_expression as expression, subpartition_method, subpartition_expression`,
      "partitions",
      "table_schema",
      "table_name",
      "and partition_name is not null order by table_schema, table_name, partition_ordinal_position, subpartition_ordinal_position",
    ),
  };
}

function condition(column: string, { include, exclude }: ResolvedFilter): BoundQuery {
  const parts = exclude.map(() => `${column} not like ?`);
  if (include) parts.unshift(`(${include.map(() => `${column} like ?`).join(" or ")})`);
  return { text: parts.length === 0 ? "true" : parts.join(" and "), params: [...(include ?? []), ...exclude] };
}
