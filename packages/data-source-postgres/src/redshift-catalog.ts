import type { Catalog, CatalogColumn, CatalogFigure, CatalogTable, CatalogWarning } from "@org/data-source-core";
import type { WireRow } from "./exchange.ts";
import { noKeys, readKeys } from "./redshift-keys.ts";
import { type DeclaredType, readExternalTypeName, readTypeName } from "./redshift-type-names.ts";
import type { RedshiftPart } from "./redshift-catalog-queries.ts";

/** The rows of redshift-catalog-queries.ts; `undefined` for a part that could not be read. */
export type RedshiftRows = Readonly<Record<RedshiftPart, readonly WireRow[] | undefined>>;

export function buildRedshiftCatalog(
  database: string,
  rows: RedshiftRows,
  warnings: readonly CatalogWarning[],
): Catalog {
  const columns = byTable(rows.columns);
  const lateBinding = byTable(rows["late-binding-columns"]);
  const constraints = rows.constraints && byTable(rows.constraints);
  const definitions = byTable(rows.definitions);
  const sizes = byTable(rows.sizes);
  const materialized = byTable(rows["materialized-views"]);
  const externalColumns = byTable(rows["external-columns"]);

  const tableOf = (row: WireRow): CatalogTable => {
    const [, name, type, owner, remarks] = row;
    const key = keyOf(row);
    const [mv] = materialized.get(key) ?? [];
    const isView = type?.toUpperCase().includes("VIEW") ?? false;
    const own = inOrder(columns.get(key));
    const [size] = sizes.get(key) ?? [];
    return {
      ...bare,
      ...(constraints ? readKeys(constraints.get(key) ?? []) : noKeys),
      name: name as string,
      kind: mv ? "materialized-view" : isView ? "view" : "table",
      comment: textOf(remarks),
      definition: isView || mv ? (definitions.get(key)?.[0]?.[2] ?? undefined) : null,
      columns: own.length > 0 ? own.map(columnOf) : inOrder(lateBinding.get(key)).map(lateBindingColumnOf),
      clustering: sortKeyOf(own),
      rowCount: figure(size?.[4], 1, "estimate", "svv_table_info.tbl_rows"),
      sizeBytes: figure(size?.[3], 2 ** 20, "exact", "svv_table_info.size"),
      native: nativeOf({
        owner,
        diststyle: size?.[2],
        distkey: own.find((column) => column[8] === "t")?.[2],
        sortstyle: own.some((column) => Number(column[9]) < 0) ? "interleaved" : undefined,
        stale: mv?.[2],
        autorefresh: mv?.[3],
      }),
    };
  };
  const externalTableOf = (row: WireRow): CatalogTable => {
    const own = inOrder(externalColumns.get(keyOf(row)));
    const keys = own.filter((column) => Number(column[6]) > 0).toSorted((a, b) => Number(a[6]) - Number(b[6]));
    return {
      ...bare,
      ...noKeys,
      name: row[1] as string,
      kind: "external-table",
      columns: own.map(externalColumnOf),
      partitioning:
        keys.length === 0
          ? null
          : { strategy: "list", expressions: keys.map((column) => column[2] as string), partitions: undefined },
      native: nativeOf({ location: row[2] }),
    };
  };

  const tables = Map.groupBy(
    [
      ...(rows.tables ?? []).map((row) => ({ schema: row[0], table: tableOf(row) })),
      ...(rows["external-tables"] ?? []).map((row) => ({ schema: row[0], table: externalTableOf(row) })),
    ],
    ({ schema }) => schema,
  );
  const schemas = (rows.schemas ?? []).map(([name]) => name as string).toSorted(compare);
  return {
    schemas: schemas.map((name) => ({
      catalog: database,
      name,
      comment: undefined,
      tables: (tables.get(name) ?? []).map(({ table }) => table).toSorted((a, b) => compare(a.name, b.name)),
    })),
    warnings,
  };
}

/** What Redshift does not have, or does not tell. */
const bare: Omit<CatalogTable, "name" | "kind" | "columns" | "native" | keyof typeof noKeys> = {
  comment: undefined,
  definition: null,
  indexes: [],
  partitioning: null,
  clustering: null,
  rowCount: undefined,
  sizeBytes: undefined,
  createdAt: undefined,
  modifiedAt: undefined,
};

const blank: Omit<CatalogColumn, "name" | "position" | "length" | "type" | "nativeType" | "precision" | "scale"> = {
  nullable: undefined,
  default: undefined,
  comment: undefined,
  identity: undefined,
  generated: null,
  collation: undefined,
};

function columnOf(row: WireRow): CatalogColumn {
  const [, , name, position, type, expression, isNullable, remarks] = row;
  // Redshift writes them as defaults that call functions of these names.
  const identity = /^"identity"\(/i.test(expression ?? "")
    ? "always"
    : /^"?default_identity"?\(/i.test(expression ?? "")
      ? "by-default"
      : null;
  return {
    ...described(name, position, readTypeName(type ?? "")),
    nullable: nullableOf(isNullable),
    default: identity === null ? textOf(expression) : null,
    comment: textOf(remarks),
    identity,
  };
}

function lateBindingColumnOf([, , name, position, type]: WireRow): CatalogColumn {
  return { ...described(name, position, readTypeName(type ?? "")), default: null, identity: null };
}

function externalColumnOf([, , name, position, type, isNullable]: WireRow): CatalogColumn {
  const column = described(name, position, readExternalTypeName(type ?? ""));
  return { ...column, nullable: nullableOf(isNullable), default: null, identity: null };
}

type Cell = string | null | undefined;

function described(name: Cell, position: Cell, { column, length }: DeclaredType): CatalogColumn {
  return { ...column, ...blank, name: name ?? "", position: Number(position), length };
}

/** `YES` or `true`; an empty string is no information. */
function nullableOf(text: Cell): boolean | undefined {
  if (/^(?:yes|true)$/i.test(text ?? "")) return true;
  return /^(?:no|false)$/i.test(text ?? "") ? false : undefined;
}

function textOf(text: Cell): string | null {
  return text?.trim() ? text : null;
}

/** Positions are negative in turns when the key is interleaved. */
function sortKeyOf(columns: readonly WireRow[]): string[] | null {
  const place = (row: WireRow): number => Math.abs(Number(row[9]));
  const keys = columns.filter((row) => place(row) > 0).toSorted((a, b) => place(a) - place(b));
  return keys.length === 0 ? null : keys.map((row) => row[2] as string);
}

function figure(
  text: Cell,
  unit: number,
  accuracy: CatalogFigure["accuracy"],
  source: string,
): CatalogFigure | undefined {
  return text === null || text === undefined ? undefined : { value: Number(text) * unit, accuracy, source };
}

function nativeOf(entries: Readonly<Record<string, Cell>>): Record<string, string> {
  return Object.fromEntries(Object.entries(entries).flatMap(([key, value]) => (value?.trim() ? [[key, value]] : [])));
}

/** Some views pad their names with blanks. */
function keyOf([schema, table]: WireRow): string {
  return JSON.stringify([schema?.trimEnd(), table?.trimEnd()]);
}

function byTable(rows: readonly WireRow[] | undefined): Map<string, WireRow[]> {
  return Map.groupBy(rows ?? [], keyOf);
}

/** By the position, fourth in each row of columns. */
function inOrder(rows: readonly WireRow[] = []): WireRow[] {
  return rows.toSorted((a, b) => Number(a[3]) - Number(b[3]));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
