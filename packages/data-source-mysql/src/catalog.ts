import type {
  Catalog,
  CatalogColumn,
  CatalogForeignKey,
  CatalogIndex,
  CatalogKey,
  CatalogPartitioning,
  CatalogTable,
  CatalogWarning,
} from "@org/data-source-core";
import type { CatalogRow, CatalogRows } from "./catalog-queries.ts";
import { columnOf, unescaped } from "./catalog-columns.ts";
import type { Flavour } from "./settings.ts";

/** Puts the rows of all parts together. */
export function buildCatalog(flavour: Flavour, rows: CatalogRows, warnings: readonly CatalogWarning[]): Catalog {
  const readable = <T extends readonly CatalogRow[] | undefined>(part: T): T | CatalogRow[] =>
    flavour === "mysql" && part
      ? part.map((row) => ({ ...row, expression: row["expression"] && unescaped(String(row["expression"])) }))
      : part;
  const columns = byTable(readable(rows.columns));
  const parts = {
    views: byTable(rows.views),
    indexes: byTable(readable(rows.indexes)),
    foreignKeys: byTable(rows.foreignKeys),
    checks: byTable(readable(rows.checks)),
    partitions: byTable(rows.partitions),
  };
  const of = (part: keyof typeof parts, key: string): readonly CatalogRow[] | undefined =>
    parts[part] && (parts[part].get(key) ?? []);
  const tables = new Map<string, CatalogTable[]>();
  for (const row of rows.tables) {
    const key = keyOf(row, "name");
    const checks = of("checks", key);
    const isView = String(row["kind"]).endsWith("VIEW");
    const described = (columns?.get(key) ?? []).map((column, index) =>
      columnOf(flavour, column, index + 1, checks ?? []),
    );
    const table = tableOf(row, isView, described, {
      definition: isView ? text(of("views", key)?.[0]?.["definition"]) : null,
      indexes: of("indexes", key),
      foreignKeys: of("foreignKeys", key)?.length === 0 ? [] : foreignKeysOf(of("foreignKeys", key)),
      checks: checks?.map((check) => ({ name: text(check["name"]), expression: String(check["expression"]) })),
      partitioning: partitioningOf(of("partitions", key)),
    });
    const schema = String(row["schema_name"]);
    const others = tables.get(schema);
    if (others) others.push(table);
    else tables.set(schema, [table]);
  }
  const schemas = rows.schemas.map((row) => ({
    catalog: undefined,
    name: String(row["name"]),
    comment: undefined,
    tables: tables.get(String(row["name"])) ?? [],
  }));
  return { schemas, warnings };
}

interface Details extends Pick<CatalogTable, "definition" | "foreignKeys" | "checks" | "partitioning"> {
  readonly indexes: readonly CatalogRow[] | undefined;
}

function tableOf(row: CatalogRow, isView: boolean, columns: CatalogColumn[], details: Details): CatalogTable {
  const { indexes: indexRows, ...rest } = details;
  const indexes = indexRows && indexesOf(indexRows);
  const keys = indexes?.filter(({ unique, parts }) => unique && parts.every((part) => part.isColumn));
  const keyOfIndex = ({ name, parts }: CatalogIndex): CatalogKey => ({
    name,
    columns: parts.map((part) => part.expression),
    enforced: true,
  });
  const primary = keys?.find((index) => index.name === "PRIMARY");
  const figure = (column: string, accuracy: "exact" | "estimate") =>
    isView || row[column] === null
      ? undefined
      : {
          value: Number(row[column]),
          accuracy,
          source: `information_schema.tables.${column === "bytes" ? "data_length + index_length" : column}`,
        };
  // InnoDB counts by sampling; the older engines keep the number.
  const isExact = row["engine"] === "MyISAM" || row["engine"] === "Aria" || row["engine"] === "MEMORY";
  return {
    name: String(row["name"]),
    kind: kindOf(String(row["kind"])),
    // A view's comment is the word VIEW.
    comment: isView || row["comment"] === "" ? null : text(row["comment"]),
    ...rest,
    columns,
    primaryKey: indexes && (primary ? keyOfIndex(primary) : null),
    uniqueConstraints: keys?.filter((index) => index !== primary).map(keyOfIndex),
    indexes,
    clustering: null,
    rowCount: figure("table_rows", isExact ? "exact" : "estimate"),
    sizeBytes: figure("bytes", "estimate"),
    createdAt: text(row["create_time"])?.concat("Z"),
    modifiedAt: text(row["update_time"])?.concat("Z"),
    native: nativeOf(row),
  };
}

const kinds: Readonly<Record<string, string>> = {
  "BASE TABLE": "table",
  "SYSTEM VERSIONED": "table",
  VIEW: "view",
  "SYSTEM VIEW": "view",
  TEMPORARY: "temporary-table",
};

function kindOf(kind: string): string {
  return kinds[kind] ?? kind.toLowerCase();
}

function nativeOf(row: CatalogRow): Record<string, string> {
  const native: Record<string, string> = { table_type: String(row["kind"]) };
  for (const name of ["engine", "row_format", "collation", "create_options"]) {
    const value = text(row[name]);
    if (value !== undefined && value !== "") native[name] = value;
  }
  return native;
}

function indexesOf(rows: readonly CatalogRow[]): CatalogIndex[] {
  return [...groupBy(rows, (row) => String(row["name"]))].map(([name, parts]) => ({
    name,
    unique: Number(parts[0]?.["non_unique"]) === 0,
    method: text(parts[0]?.["index_type"])?.toLowerCase(),
    parts: parts.map((part) => ({
      expression: text(part["column_name"]) ?? String(part["expression"]),
      isColumn: part["column_name"] !== null,
      order: part["collation"] === "A" ? "asc" : part["collation"] === "D" ? "desc" : undefined,
      // MySQL says 32 for a spatial one, whose parts are never cut.
      prefixLength:
        part["sub_part"] === null || part["index_type"] === "SPATIAL" ? undefined : Number(part["sub_part"]),
    })),
    where: null,
  }));
}

function foreignKeysOf(rows: readonly CatalogRow[] | undefined): CatalogForeignKey[] | undefined {
  if (!rows) return undefined;
  return [...groupBy(rows, (row) => String(row["name"]))].map(([name, parts]) => ({
    name,
    columns: parts.map((part) => String(part["column_name"])),
    enforced: true,
    references: {
      catalog: undefined,
      schema: String(parts[0]?.["referenced_table_schema"]),
      table: String(parts[0]?.["referenced_table_name"]),
      columns: parts.map((part) => String(part["referenced_column_name"])),
    },
    onDelete: text(parts[0]?.["delete_rule"])?.toLowerCase(),
    onUpdate: text(parts[0]?.["update_rule"])?.toLowerCase(),
  }));
}

function partitioningOf(rows: readonly CatalogRow[] | undefined): CatalogPartitioning | null | undefined {
  const [first] = rows ?? [];
  if (!rows || !first) return rows && null;
  const expressions = [first["expression"], first["subpartition_expression"]].map(text);
  const methods = [first["method"], first["subpartition_method"]].map(text);
  return {
    strategy: methods
      .filter((method) => method !== undefined)
      .join(", ")
      .toLowerCase(),
    expressions: expressions.filter((expression) => expression !== undefined),
    partitions: [...new Set(rows.map((row) => String(row["name"])))],
  };
}

function byTable(rows: readonly CatalogRow[] | undefined): Map<string, CatalogRow[]> | undefined {
  return rows && groupBy(rows, (row) => keyOf(row, "table_name"));
}

function keyOf(row: CatalogRow, table: string): string {
  return JSON.stringify([row["schema_name"], row[table]]);
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
}

function text(value: CatalogRow[string]): string | undefined {
  return value === null || value === undefined ? undefined : String(value);
}
