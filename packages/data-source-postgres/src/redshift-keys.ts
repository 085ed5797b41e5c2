import type { CatalogKey, CatalogTable } from "@org/data-source-core";
import type { WireRow } from "./exchange.ts";
import { parseArrayLiteral } from "./literals.ts";

type Keys = Pick<CatalogTable, "primaryKey" | "foreignKeys" | "uniqueConstraints" | "checks">;

/** When they could not be read, or nobody keeps them. Redshift has no checks. */
export const noKeys: Keys = {
  primaryKey: undefined,
  foreignKeys: undefined,
  uniqueConstraints: undefined,
  checks: [],
};

/** The keys of one table; Redshift records them for its planner, and enforces none. */
export function readKeys(rows: readonly WireRow[]): Keys {
  const of = (type: string): WireRow[][] => [
    ...Map.groupBy(
      rows.filter((row) => row[2] === type),
      (row) => row[3],
    ).values(),
  ];
  return {
    primaryKey: of("p").map(keyOf)[0] ?? null,
    uniqueConstraints: of("u").map(keyOf).toSorted(byName),
    foreignKeys: of("f")
      .map((key) => {
        const [, , , , , , , schema, table] = key[0] as WireRow;
        return {
          ...keyOf(key),
          references: { catalog: undefined, schema: schema ?? "", table: table ?? "", columns: namesOf(key, 9) },
          onDelete: undefined,
          onUpdate: undefined,
        };
      })
      .toSorted(byName),
    checks: [],
  };
}

function keyOf(rows: readonly WireRow[]): CatalogKey {
  return { name: rows[0]?.[3] ?? undefined, columns: namesOf(rows, 4), enforced: false };
}

/** The names of the columns in the order of the array at `at`; number and name of each stand behind it. */
function namesOf(rows: readonly WireRow[], at: number): string[] {
  const names = new Map(rows.map((row) => [row[at + 1], row[at + 2] as string]));
  return parseArrayLiteral(rows[0]?.[at] ?? "{}").map((number) => names.get(number as string) ?? "");
}

function byName(a: CatalogKey, b: CatalogKey): number {
  return (a.name ?? "") < (b.name ?? "") ? -1 : 1;
}
