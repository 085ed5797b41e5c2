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
    const own = (columns.get(oid) ?? []).sort((a, b) => Number(a[10]) - Number(b[10]));
    const names = new Map(own.map((column) => [Number(column[10]), column[1] as string]));
    const table = {
      ...tableOf(row, partitions && (partitions.get(oid) ?? [])),
      columns: own.map((column, index) => columnOf(types, column, index + 1)),
      ...keysOf(constraints && (constraints.get(oid) ?? []), names),
      ...indexesOf(indexes && (indexes.get(oid) ?? []), names),
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
    sizeBytes:
      size === null || size === undefined || Number(tuples) < 0
        ? undefined
        : figure(Number(size), "estimate", "pg_class.relpages"),
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

/** Names of a table's columns by their attnum, which stays when columns are dropped. */
type Names = ReadonlyMap<number, string>;

function keysOf(rows: readonly WireRow[] | undefined, names: Names): Keys {
  if (!rows) return { primaryKey: undefined, foreignKeys: undefined, uniqueConstraints: undefined, checks: undefined };
  const of = (type: string): WireRow[] => rows.filter((row) => row[1] === type);
  const keyOf = ([, , name, columns, , , , , , , enforced]: WireRow): CatalogKey => ({
    name: name ?? undefined,
    columns: (JSON.parse(columns ?? "[]") as number[]).map((number) => names.get(number) ?? ""),
    enforced: enforced === "t",
  });
  return {
    primaryKey: of("p").map(keyOf)[0] ?? null,
    uniqueConstraints: of("u").map(keyOf),
    foreignKeys: of("f").map((row) => ({ ...keyOf(row), ...referenceOf(row) })),
    checks: of("c").map(([, , name, , expression]): CatalogCheck => ({
      name: name ?? undefined,
      expression: expression ?? "",
    })),
  };
}

const actions: Readonly<Record<string, string>> = {
  a: "no action",
  r: "restrict",
  c: "cascade",
  n: "set null",
  d: "set default",
};

function referenceOf(row: WireRow): Omit<CatalogForeignKey, keyof CatalogKey> {
  const [, , , , , schema, table, columns, onDelete, onUpdate] = row;
  return {
    references: {
      catalog: undefined,
      schema: schema ?? "",
      table: table ?? "",
      columns: JSON.parse(columns ?? "[]") as string[],
    },
    onDelete: actions[onDelete ?? ""],
    onUpdate: actions[onUpdate ?? ""],
  };
}

function indexesOf(rows: readonly WireRow[] | undefined, names: Names): Pick<CatalogTable, "indexes" | "clustering"> {
  if (!rows) return { indexes: undefined, clustering: undefined };
  const indexes = rows.map((row) => indexOf(row, names));
  const clustered = rows.findIndex((row) => row[4] === "t");
  return { indexes, clustering: indexes[clustered]?.parts.map((part) => part.expression) ?? null };
}

function indexOf(row: WireRow, names: Names): CatalogIndex {
  const [, name, unique, method, , where, keyCount, keys, options, expressions] = row;
  const order = (options ?? "").split(" ").map(Number);
  const definitions = JSON.parse(expressions ?? "[]") as string[];
  // What INCLUDE adds stands behind the key's parts.
  const parts = (keys ?? "").split(" ").slice(0, Number(keyCount)).map(Number);
  return {
    name: name as string,
    unique: unique === "t",
    method: method ?? undefined,
    parts: parts.map((number, index) => ({
      // 0: an expression.
      expression: names.get(number) ?? definitions[index] ?? "",
      isColumn: number !== 0,
      // The lowest bit of pg_index.indoption.
      order: method !== "btree" ? undefined : (order[index] ?? 0) % 2 === 1 ? "desc" : "asc",
      prefixLength: undefined,
    })),
    where: where ?? null,
  };
}
