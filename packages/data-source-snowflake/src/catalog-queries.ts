import type { ResolvedFilter, ResolvedScope } from "@org/data-source-core/adapter";
import { dialect } from "./params.ts";

/** The parts of a catalog, each read by one statement. */
export type Part = "schemas" | "tables" | "columns" | "views" | "primaryKeys" | "uniqueKeys" | "foreignKeys";

export interface CatalogQuery {
  readonly text: string;
  readonly params: readonly string[];
}

/** The statements for one database; `undefined` is the connection's own. Patterns are bound. */
export function catalogQueries(
  database: string | undefined,
  { schemas, tables }: ResolvedScope,
): Record<Part, CatalogQuery> {
  const place = database === undefined ? "" : `${dialect.quoteIdentifier(database)}.`;
  const inDatabase = database === undefined ? "in database" : `in database ${dialect.quoteIdentifier(database)}`;
  const read = (view: string, columns: string, schema: string, order: string, table?: string): CatalogQuery => {
    const conditions = [condition(schema, schemas), ...(table === undefined ? [] : [condition(table, tables)])];
    const where = [`${schema} <> 'INFORMATION_SCHEMA'`, ...conditions.map(({ text }) => text)].filter(
      (text) => text !== "",
    );
    return {
      text: `select ${columns} from ${place}information_schema.${view} where ${where.join(" and ")} order by ${order}`,
      params: conditions.flatMap(({ params }) => params),
    };
  };
  const show = (what: string): CatalogQuery => ({ text: `show ${what} keys ${inDatabase}`, params: [] });
  const named = "table_schema, table_name";
  return {
    schemas: read("schemata", "catalog_name, schema_name, comment", "schema_name", "schema_name"),
    tables: read(
      "tables",
      `${named}, table_type, clustering_key, row_count, bytes, created, last_altered, comment, is_transient`,
      "table_schema",
      named,
      "table_name",
    ),
    columns: read(
      "columns",
      `${named}, column_name, data_type, character_maximum_length, numeric_precision, numeric_scale,
       datetime_precision, is_nullable, column_default, is_identity, identity_generation, collation_name, comment`,
      "table_schema",
      `${named}, ordinal_position`,
      "table_name",
    ),
    views: read("views", `${named}, view_definition`, "table_schema", named, "table_name"),
    primaryKeys: show("primary"),
    uniqueKeys: show("unique"),
    foreignKeys: show("imported"),
  };
}

function condition(column: string, { include, exclude }: ResolvedFilter): { text: string; params: readonly string[] } {
  const like = String.raw`${column} like ? escape '\\'`;
  const parts: string[] = [];
  if (include) parts.push(`(${include.map(() => like).join(" or ")})`);
  if (exclude.length > 0) parts.push(`not (${exclude.map(() => like).join(" or ")})`);
  return { text: parts.join(" and "), params: [...(include ?? []), ...exclude] };
}
