import type {
  Catalog,
  CatalogCheck,
  CatalogColumn,
  CatalogFigure,
  CatalogForeignKey,
  CatalogIndex,
  CatalogKey,
  CatalogPartitioning,
  CatalogTable,
  CatalogWarning,
} from "@org/data-source-core";
import type { WireRow } from "./exchange.ts";
import { columnType, type TypeMap } from "./type-map.ts";

/** The rows of catalog-queries.ts; `undefined` for a part that could not be read. */
export interface CatalogRows {
  readonly schemas: readonly WireRow[];
  readonly tables: readonly WireRow[];
  readonly columns: readonly WireRow[];
  readonly constraints: readonly WireRow[] | undefined;
  readonly indexes: readonly WireRow[] | undefined;
  readonly partitions: readonly WireRow[] | undefined;
}

export function buildCatalog(
  types: TypeMap,
  database: string,
  rows: CatalogRows,
  warnings: readonly CatalogWarning[],
): Catalog {
  const columns = groupByTable(rows.columns);
  const constraints = rows.constraints && groupByTable(rows.constraints);
  const indexes = rows.indexes && groupByTable(rows.indexes);
  const partitions = rows.partitions && groupByTable(rows.partitions);
  const bySchema = new Map<string, CatalogTable[]>(rows.schemas.map(([name]) => [name as string, []]));
  for (const row of rows.tables) {
    const [oid, schema] = row as [string, string];
    const table = {
      ...tableOf(row, partitions && (partitions.get(oid) ?? [])),
      columns: (columns.get(oid) ?? []).map((column, index) => columnOf(types, column, index + 1)),
      ...keysOf(constraints && (constraints.get(oid) ?? [])),
      ...indexesOf(indexes && (indexes.get(oid) ?? [])),
    };
    bySchema.get(schema)?.push(table);
  }
  return {
    schemas: rows.schemas.map(([name, comment]) => ({
      catalog: database,
      name: name as string,
      comment: comment ?? null,
      tables: bySchema.get(name as string) ?? [],
    })),
    warnings,
  };
}

/** By the table's oid, the first of each row. */
function groupByTable(rows: readonly WireRow[]): Map<string, WireRow[]> {
  const groups = new Map<string, WireRow[]>();
  for (const row of rows) {
    const oid = row[0] as string;
    const group = groups.get(oid);
    if (group) group.push(row);
    else groups.set(oid, [row]);
  }
  return groups;
}

const kinds: Readonly<Record<string, CatalogTable["kind"]>> = {
  r: "table",
  p: "table",
  v: "view",
  m: "materialized-view",
  f: "foreign-table",
};

type TablePart = Omit<
  CatalogTable,
  "columns" | "primaryKey" | "foreignKeys" | "uniqueConstraints" | "checks" | "indexes" | "clustering"
>;

function tableOf(row: WireRow, partitions: readonly WireRow[] | undefined): TablePart {
  const [, , name, kind, persistence, tuples, size, comment, definition, partitionKey, owner] = row;
  return {
    name: name as string,
    kind: kinds[kind as string] ?? (kind as string),
    comment: comment ?? null,
    definition: definition ?? (kind === "v" || kind === "m" ? undefined : null),
    partitioning: partitionKey === null || partitionKey === undefined ? null : partitioningOf(partitionKey, partitions),
    // -1: never vacuumed or analysed.
    rowCount: kind === "v" || Number(tuples) < 0 ? undefined : figure(Number(tuples), "estimate", "pg_class.reltuples"),
    sizeBytes: size === null || size === undefined ? undefined : figure(Number(size), "exact", "pg_table_size"),
    createdAt: undefined,
    modifiedAt: undefined,
    native: { owner: owner ?? "", ...(persistence === "u" && { persistence: "unlogged" }) },
  };
}

function figure(value: number, accuracy: CatalogFigure["accuracy"], source: string): CatalogFigure {
  return { value, accuracy, source };
}

/** From `RANGE (a, lower(b))`. */
function partitioningOf(key: string, partitions: readonly WireRow[] | undefined): CatalogPartitioning {
  const open = key.indexOf("(");
  return {
    strategy: key.slice(0, open).trim().toLowerCase(),
    expressions: splitTopLevel(key.slice(open + 1, key.lastIndexOf(")"))),
    partitions: partitions?.map(([, name]) => name as string),
  };
}

/** At the commas outside of parentheses and quotes. */
function splitTopLevel(list: string): string[] {
  return [...list.matchAll(/(?:'[^']*'|"[^"]*"|\((?:[^()]|\([^()]*\))*\)|[^,'"()])+/g)].map(([part]) => part.trim());
}

function columnOf(types: TypeMap, row: WireRow, position: number): CatalogColumn {
  const [, name, oid, modifierText, notNull, expression, comment, identity, generated, collation] = row;
  const modifier = Number(modifierText);
  const mapped = types.get(Number(oid));
  const type = mapped
    ? columnType(mapped, modifier)
    : { type: "other" as const, nativeType: `oid ${oid}`, precision: undefined, scale: undefined };
  const isGenerated = generated !== "" && generated !== null;
  return {
    ...type,
    name: name as string,
    position,
    nullable: notNull === "f",
    length: lengthOf(type.nativeType, modifier),
    default: isGenerated ? null : (expression ?? null),
    comment: comment ?? null,
    identity: identity === "a" ? "always" : identity === "d" ? "by-default" : null,
    generated: isGenerated ? (expression ?? undefined) : null,
    collation: collation ?? undefined,
  };
}

function lengthOf(nativeType: string, modifier: number): number | undefined {
  if (modifier < 0) return undefined;
  if (nativeType === "varchar" || nativeType === "bpchar") return modifier - 4;
  return nativeType === "bit" || nativeType === "varbit" ? modifier : undefined;
}

type Keys = Pick<CatalogTable, "primaryKey" | "foreignKeys" | "uniqueConstraints" | "checks">;

function keysOf(rows: readonly WireRow[] | undefined): Keys {
  if (!rows) return { primaryKey: undefined, foreignKeys: undefined, uniqueConstraints: undefined, checks: undefined };
  const of = (type: string): WireRow[] => rows.filter((row) => row[1] === type);
  return {
    primaryKey: of("p").map(keyOf)[0] ?? null,
    uniqueConstraints: of("u").map(keyOf),
    foreignKeys: of("f").map(foreignKeyOf),
    checks: of("c").map(([, , name, , expression]): CatalogCheck => ({
      name: name ?? undefined,
      expression: expression ?? "",
    })),
  };
}

function keyOf([, , name, columns, , , , , , , enforced]: WireRow): CatalogKey {
  return { name: name ?? undefined, columns: names(columns), enforced: enforced === "true" };
}

const actions: Readonly<Record<string, string>> = {
  a: "no action",
  r: "restrict",
  c: "cascade",
  n: "set null",
  d: "set default",
};

function foreignKeyOf(row: WireRow): CatalogForeignKey {
  const [, , , , , schema, table, columns, onDelete, onUpdate] = row;
  return {
    ...keyOf(row),
    references: { catalog: undefined, schema: schema ?? "", table: table ?? "", columns: names(columns) },
    onDelete: actions[onDelete ?? ""],
    onUpdate: actions[onUpdate ?? ""],
  };
}

function names(json: string | null | undefined): string[] {
  return JSON.parse(json ?? "[]") as string[];
}

function indexesOf(rows: readonly WireRow[] | undefined): Pick<CatalogTable, "indexes" | "clustering"> {
  if (!rows) return { indexes: undefined, clustering: undefined };
  const indexes = rows.map(indexOf);
  const clustered = rows.findIndex((row) => row[4] === "t");
  return { indexes, clustering: indexes[clustered]?.parts.map((part) => part.expression) ?? null };
}

interface IndexPart {
  readonly expression: string;
  readonly isColumn: boolean;
  readonly option: number;
}

function indexOf([, name, unique, method, , where, parts]: WireRow): CatalogIndex {
  const ordered = method === "btree";
  return {
    name: name as string,
    unique: unique === "t",
    method: method ?? undefined,
    parts: (JSON.parse(parts ?? "[]") as IndexPart[]).map(({ expression, isColumn, option }) => ({
      expression,
      isColumn,
      // The lowest bit of pg_index.indoption.
      order: ordered ? (option % 2 === 1 ? "desc" : "asc") : undefined,
      prefixLength: undefined,
    })),
    where: where ?? null,
  };
}
