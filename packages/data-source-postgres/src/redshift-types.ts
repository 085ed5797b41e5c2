import type { LogicalType } from "@org/data-source-core";
import type { Step, WireRow } from "./exchange.ts";
import type { TypeMap } from "./type-map.ts";

/** Types that only Redshift has and whose numbers are published, by its JDBC driver. */
export const redshiftTypes: readonly {
  readonly oid: number;
  readonly name: string;
  readonly type: LogicalType;
  readonly isHex?: boolean;
}[] = [
  { oid: 4000, name: "super", type: "json" },
  { oid: 6551, name: "varbyte", type: "bytes", isHex: true },
  { oid: 3000, name: "geometry", type: "geometry", isHex: true },
  { oid: 3999, name: "geometryhex", type: "geometry", isHex: true },
];

const plain = { kind: "b", isArray: false, delimiter: ",", elementOid: 0, baseOid: 0, baseModifier: -1 };

/** Names of further types, such as hllsketch: their values stay text, so that no digit is lost. */
export async function learnRedshiftTypes(
  types: TypeMap,
  wanted: { readonly oids?: readonly number[]; readonly names?: readonly string[] },
  run: (main: Step) => Promise<readonly WireRow[]>,
): Promise<void> {
  const { oids = [], names = [] } = wanted;
  const values = [...oids.map(String), ...names];
  const places = values.map((_value, index) => `$${index + 1}`);
  const conditions = [
    ...(oids.length > 0 ? [`oid in (${places.slice(0, oids.length).join(", ")})`] : []),
    ...(names.length > 0 ? [`typname in (${places.slice(oids.length).join(", ")})`] : []),
  ];
  const text = `select oid, typname from pg_catalog.pg_type where ${conditions.join(" or ")}`;
  const rows = await run({ text, values, maxRows: 0, isMain: true });
  const found = new Map(rows.map(([oid, name]) => [Number(oid), name as string]));
  for (const oid of oids) if (!found.has(oid)) found.set(oid, `oid ${oid}`);
  types.learn([...found].map(([oid, name]) => ({ ...plain, oid, name, aliases: [], attributes: [] })));
}
