import type { CatalogColumn, CatalogForeignKey, CatalogKey, CatalogTable } from "@org/data-source-core";
import { labelsInOption, literalText, partitioningOf } from "./ddl.ts";
import { parseNativeType } from "./native-type.ts";
import { columnTypeOf } from "./type-map.ts";

type Text = string | null;

/** The rows of the catalog queries. A part that could not be read is `undefined`. */
export interface CatalogRows {
  readonly tables: readonly TableLine[];
  readonly columns: readonly ColumnLine[];
  readonly comments: readonly (Place & { readonly column_name: string; readonly description: string })[] | undefined;
  readonly options: readonly (Place & { readonly option_name: string; readonly option_value: string })[] | undefined;
  readonly views: readonly (Place & { readonly view_definition: Text })[] | undefined;
  readonly storage: readonly StorageLine[] | undefined;
  readonly keys: readonly KeyLine[] | undefined;
  readonly references: readonly ReferenceLine[] | undefined;
}

interface Place {
  readonly table_schema: string;
  readonly table_name: string;
}

interface TableLine extends Place {
  readonly table_type: string;
  readonly creation_time: Text;
  readonly ddl: Text;
}

interface ColumnLine extends Place {
  readonly column_name: string;
  readonly ordinal_position: bigint;
  readonly is_nullable: string;
  readonly data_type: string;
  readonly is_generated: Text;
  readonly generation_expression: Text;
  readonly is_partitioning_column: Text;
  readonly clustering_ordinal_position: bigint | null;
  readonly collation_name: Text;
  readonly column_default: Text;
}

interface StorageLine extends Place {
  readonly total_rows: bigint | null;
  readonly total_logical_bytes: bigint | null;
  readonly storage_last_modified_time: Text;
}

interface KeyLine extends Place {
  readonly constraint_name: string;
  readonly constraint_type: string;
  readonly column_name: string;
  readonly ordinal_position: bigint;
  readonly position_in_unique_constraint: bigint | null;
}

interface ReferenceLine extends Place {
  readonly table_catalog: string;
  readonly constraint_schema: string;
  readonly constraint_name: string;
  readonly column_name: string;
}

const kinds: Readonly<Record<string, string>> = {
  "BASE TABLE": "table",
  VIEW: "view",
  "MATERIALIZED VIEW": "materialized-view",
  EXTERNAL: "external-table",
};

/** Puts the rows together, by dataset. */
export function assembleTables(rows: CatalogRows): Map<string, CatalogTable[]> {
  const columns = groupBy(rows.columns, placeOf);
  const views = rows.views && groupBy(rows.views, placeOf);
  const storage = rows.storage && groupBy(rows.storage, placeOf);
  const options = rows.options && groupBy(rows.options, placeOf);
  const keys = rows.keys && groupBy(rows.keys, placeOf);
  const comments =
    rows.comments && new Map(rows.comments.map((line) => [`${placeOf(line)}.${line.column_name}`, line.description]));
  const result = new Map<string, CatalogTable[]>();
  for (const table of rows.tables) {
    const place = placeOf(table);
    const own = columns.get(place) ?? [];
    const kind = kinds[table.table_type] ?? table.table_type.toLowerCase();
    const stored = storage?.get(place)?.[0];
    const option = (name: string): string | undefined =>
      options?.get(place)?.find((line) => line.option_name === name)?.option_value;
    const labels = option("labels");
    const assembled: CatalogTable = {
      name: table.table_name,
      kind,
      comment: options && (literalText(option("description") ?? "") ?? null),
      definition: kind.endsWith("view") ? (views?.get(place)?.[0]?.view_definition ?? undefined) : null,
      columns: own.map((column) => columnOf(column, comments)),
      ...keysOf(keys && (keys.get(place) ?? []), rows),
      uniqueConstraints: [],
      checks: [],
      indexes: undefined,
      partitioning: table.ddl === null ? partitioningByColumn(own) : partitioningOf(table.ddl),
      clustering: clusteringOf(own),
      rowCount: figure(stored?.total_rows, "total_rows"),
      sizeBytes: figure(stored?.total_logical_bytes, "total_logical_bytes"),
      createdAt: table.creation_time ?? undefined,
      modifiedAt: stored?.storage_last_modified_time ?? undefined,
      native: labels === undefined ? {} : { labels: JSON.stringify(labelsInOption(labels)) },
    };
    const list = result.get(table.table_schema);
    if (list) list.push(assembled);
    else result.set(table.table_schema, [assembled]);
  }
  return result;
}

function columnOf(line: ColumnLine, comments: ReadonlyMap<string, string> | undefined): CatalogColumn {
  const type = parseNativeType(line.data_type) ?? { name: line.data_type, sizes: [] };
  return {
    ...columnTypeOf(type, line.is_nullable === "YES"),
    name: line.column_name,
    position: Number(line.ordinal_position),
    length: type.name === "STRING" || type.name === "BYTES" ? type.sizes[0] : undefined,
    default: sqlOf(line.column_default),
    comment: comments && (comments.get(`${placeOf(line)}.${line.column_name}`) ?? null),
    identity: null,
    generated: line.is_generated === "ALWAYS" ? line.generation_expression : null,
    collation: sqlOf(line.collation_name) ?? undefined,
  };
}

/** These views write the word NULL where there is nothing. */
function sqlOf(text: Text): Text {
  return text === "NULL" ? null : text;
}

function keysOf(
  lines: readonly KeyLine[] | undefined,
  { keys, references }: CatalogRows,
): Pick<CatalogTable, "primaryKey" | "foreignKeys"> {
  if (!lines) return { primaryKey: undefined, foreignKeys: undefined };
  const byName = groupBy(lines, (line) => line.constraint_name);
  let primaryKey: CatalogKey | null = null;
  const foreignKeys: CatalogForeignKey[] = [];
  for (const [name, unordered] of byName) {
    const parts = unordered.toSorted((a, b) => Number(a.ordinal_position - b.ordinal_position));
    const key = { name, columns: parts.map((part) => part.column_name), enforced: false };
    if (parts[0]?.constraint_type === "PRIMARY KEY") primaryKey = key;
    else {
      const target = referenceOf(parts, keys ?? [], references ?? []);
      if (target) foreignKeys.push({ ...key, references: target, onDelete: undefined, onUpdate: undefined });
    }
  }
  return { primaryKey, foreignKeys: references && foreignKeys };
}

/** The columns that a foreign key names come unordered; their places in the primary key order them. */
function referenceOf(
  parts: readonly KeyLine[],
  keys: readonly KeyLine[],
  references: readonly ReferenceLine[],
): CatalogForeignKey["references"] | undefined {
  const [first] = parts;
  const named = references.filter(
    (line) => line.constraint_schema === first?.table_schema && line.constraint_name === first.constraint_name,
  );
  const [target] = named;
  if (!target) return undefined;
  const primary = keys.filter((key) => key.constraint_type === "PRIMARY KEY" && placeOf(key) === placeOf(target));
  const ordered = parts.map(
    (part) => primary.find((key) => key.ordinal_position === part.position_in_unique_constraint)?.column_name,
  );
  const columns = ordered.every((column) => column !== undefined) ? ordered : named.map((line) => line.column_name);
  return { catalog: target.table_catalog, schema: target.table_schema, table: target.table_name, columns };
}

function partitioningByColumn(columns: readonly ColumnLine[]): CatalogTable["partitioning"] {
  const column = columns.find((line) => line.is_partitioning_column === "YES");
  if (!column) return undefined;
  const strategy = column.data_type === "INT64" ? "range" : "time";
  return { strategy, expressions: [column.column_name], partitions: undefined };
}

function clusteringOf(columns: readonly ColumnLine[]): readonly string[] | null {
  const clustered = columns
    .filter((line) => line.clustering_ordinal_position !== null)
    .toSorted((a, b) => Number(a.clustering_ordinal_position) - Number(b.clustering_ordinal_position));
  return clustered.length > 0 ? clustered.map((line) => line.column_name) : null;
}

function figure(value: bigint | null | undefined, column: string): CatalogTable["rowCount"] {
  if (value === null || value === undefined) return undefined;
  return { value: Number(value), accuracy: "exact", source: `INFORMATION_SCHEMA.TABLE_STORAGE.${column}` };
}

function placeOf({ table_schema, table_name }: Place): string {
  return `${table_schema}.${table_name}`;
}

function groupBy<T>(lines: readonly T[], keyOf: (line: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const line of lines) {
    const key = keyOf(line);
    const group = groups.get(key);
    if (group) group.push(line);
    else groups.set(key, [line]);
  }
  return groups;
}
