import type {
  CatalogColumn,
  CatalogFigure,
  CatalogForeignKey,
  CatalogKey,
  CatalogSchema,
  CatalogTable,
} from "@org/data-source-core";
import type { Part } from "./catalog-queries.ts";
import type { NamedRow } from "./read-rows.ts";
import { createTypeMap } from "./type-map.ts";

/** What the statements of one database gave; `undefined`: could not be read. */
export type CatalogRows = Readonly<Record<Part, readonly NamedRow[] | undefined>>;

/** Puts the rows together. */
export function buildSchemas(rows: CatalogRows): CatalogSchema[] {
  const columns = groupBy(rows.columns ?? [], "table_schema", "table_name");
  const views = groupBy(rows.views ?? [], "table_schema", "table_name");
  const primary = rows.primaryKeys && groupBy(rows.primaryKeys, "schema_name", "table_name");
  const unique = rows.uniqueKeys && groupBy(rows.uniqueKeys, "schema_name", "table_name");
  const foreign = rows.foreignKeys && groupBy(rows.foreignKeys, "fk_schema_name", "fk_table_name");
  const tables = new Map<string, CatalogTable[]>();
  for (const row of rows.tables ?? []) {
    const schema = String(row["table_schema"]);
    const key = keyOf(row, "table_schema", "table_name");
    const [view] = views.get(key) ?? [];
    const table: CatalogTable = {
      ...tableOf(row, rows.views ? text(view?.["view_definition"]) : undefined),
      columns: (columns.get(key) ?? []).map(columnOf),
      primaryKey: primary && (keysOf(primary.get(key) ?? [])[0] ?? null),
      uniqueConstraints: unique && keysOf(unique.get(key) ?? []),
      foreignKeys: foreign && foreignKeysOf(foreign.get(key) ?? []),
    };
    tables.set(schema, [...(tables.get(schema) ?? []), table]);
  }
  const found = (rows.schemas ?? []).map((row) => ({
    catalog: text(row["catalog_name"]) ?? undefined,
    name: String(row["schema_name"]),
    comment: text(row["comment"]),
    tables: tables.get(String(row["schema_name"])) ?? [],
  }));
  return found;
}

const kinds: Readonly<Record<string, CatalogTable["kind"]>> = {
  "BASE TABLE": "table",
  VIEW: "view",
  "MATERIALIZED VIEW": "materialized-view",
  "EXTERNAL TABLE": "external-table",
  "TEMPORARY TABLE": "temporary-table",
  "LOCAL TEMPORARY": "temporary-table",
};

type TablePart = Omit<CatalogTable, "columns" | "primaryKey" | "uniqueConstraints" | "foreignKeys">;

function tableOf(row: NamedRow, definition: string | null | undefined): TablePart {
  const type = String(row["table_type"]);
  const kind = kinds[type] ?? type.toLowerCase();
  const isView = kind === "view" || kind === "materialized-view";
  return {
    name: String(row["table_name"]),
    kind,
    comment: text(row["comment"]),
    definition: isView ? (definition ?? undefined) : null,
    // Snowflake has no check constraints; only hybrid tables have indexes, which are not read.
    checks: [],
    indexes: undefined,
    partitioning: null,
    clustering: clusteringOf(text(row["clustering_key"])),
    rowCount: figure(row["row_count"], "ROW_COUNT"),
    sizeBytes: figure(row["bytes"], "BYTES"),
    createdAt: text(row["created"]) ?? undefined,
    modifiedAt: text(row["last_altered"]) ?? undefined,
    native: row["is_transient"] === "YES" ? { transient: "YES" } : {},
  };
}

function figure(value: unknown, source: string): CatalogFigure | undefined {
  if (value === null || value === undefined) return undefined;
  return { value: Number(value), accuracy: "exact", source: `INFORMATION_SCHEMA.TABLES.${source}` };
}

/** From `LINEAR(a, trunc(b, 2))`. */
function clusteringOf(key: string | null): readonly string[] | null {
  if (key === null) return null;
  const inner = /^\w+\s*\((.*)\)$/s.exec(key)?.[1] ?? key;
  const parts: string[] = [""];
  let depth = 0;
  for (const char of inner) {
    if (char === "(") depth += 1;
    if (char === ")") depth -= 1;
    if (char === "," && depth === 0) parts.push("");
    else parts[parts.length - 1] += char;
  }
  return parts.map((part) => part.trim());
}

const wireTypes: Readonly<Record<string, string>> = {
  NUMBER: "fixed",
  FLOAT: "real",
  TEXT: "text",
  // As they arrive: GeoJSON.
  GEOGRAPHY: "object",
  GEOMETRY: "object",
};
const types = createTypeMap({ integers: "bigint", json: "parsed" });

function columnOf(row: NamedRow, index: number): CatalogColumn {
  const dataType = String(row["data_type"]);
  const number = (name: string): number | null => (typeof row[name] === "number" ? row[name] : null);
  const isNumber = dataType === "NUMBER";
  const precision = isNumber ? number("numeric_precision") : null;
  const scale = isNumber ? number("numeric_scale") : number("datetime_precision");
  const mapped = types(wireTypes[dataType] ?? dataType.toLowerCase(), precision, scale);
  const isGeo = dataType === "GEOGRAPHY" || dataType === "GEOMETRY";
  return {
    type: mapped.type,
    nativeType: isGeo ? dataType : mapped.nativeType,
    precision: mapped.precision,
    scale: mapped.scale,
    nullable: row["is_nullable"] === "YES",
    name: String(row["column_name"]),
    position: index + 1,
    length: number("character_maximum_length") ?? undefined,
    default: text(row["column_default"]),
    comment: text(row["comment"]),
    identity: row["is_identity"] === "YES" ? (row["identity_generation"] === "ALWAYS" ? "always" : "by-default") : null,
    generated: undefined,
    collation: text(row["collation_name"]) ?? undefined,
  };
}

function keysOf(rows: readonly NamedRow[]): CatalogKey[] {
  return [...groupBy(rows, "constraint_name").values()].map((parts) => ({
    name: String(parts[0]?.["constraint_name"]),
    columns: inOrder(parts).map((part) => String(part["column_name"])),
    enforced: false,
  }));
}

function foreignKeysOf(rows: readonly NamedRow[]): CatalogForeignKey[] {
  return [...groupBy(rows, "fk_name", "pk_schema_name", "pk_table_name").values()].map((parts) => {
    const ordered = inOrder(parts);
    const [first = {}] = ordered;
    return {
      name: String(first["fk_name"]),
      columns: ordered.map((part) => String(part["fk_column_name"])),
      enforced: false,
      references: {
        catalog: text(first["pk_database_name"]) ?? undefined,
        schema: String(first["pk_schema_name"]),
        table: String(first["pk_table_name"]),
        columns: ordered.map((part) => String(part["pk_column_name"])),
      },
      onDelete: text(first["delete_rule"])?.toLowerCase(),
      onUpdate: text(first["update_rule"])?.toLowerCase(),
    };
  });
}

function inOrder(parts: readonly NamedRow[]): NamedRow[] {
  return [...parts].sort((a, b) => Number(a["key_sequence"]) - Number(b["key_sequence"]));
}

function keyOf(row: NamedRow, ...names: readonly string[]): string {
  return JSON.stringify(names.map((name) => row[name]));
}

function groupBy(rows: readonly NamedRow[], ...names: readonly string[]): Map<string, NamedRow[]> {
  const groups = new Map<string, NamedRow[]>();
  for (const row of rows) {
    const key = keyOf(row, ...names);
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return groups;
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
