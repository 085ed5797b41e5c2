import type { Step, WireRow } from "./exchange.ts";
import { arrayLiteral } from "./literals.ts";
import type { TypeMap, UserType } from "./type-map.ts";

/** The types by number or name, and all that they consist of. Bound, and one statement whatever their number. */
const lookup = `with recursive wanted(oid) as (
  select oid from unnest($1::oid[]) as given(oid)
  union select to_regtype(name)::oid from unnest($2::text[]) as named(name) where to_regtype(name) is not null
  union select part.oid from wanted join pg_catalog.pg_type t on t.oid = wanted.oid
    cross join lateral (
      select t.typelem where t.typelem <> 0
      union all select t.typbasetype where t.typbasetype <> 0
      union all select a.atttypid from pg_catalog.pg_attribute a
        where t.typrelid <> 0 and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
    ) as part(oid)
)
select t.oid, t.typname, t.typtype, t.typcategory = 'A' and t.typelem <> 0,
  coalesce(e.typdelim, ','), t.typelem, t.typbasetype, t.typtypmod,
  coalesce((select json_agg(json_build_object('name', a.attname, 'oid', a.atttypid::bigint, 'modifier', a.atttypmod)
      order by a.attnum)
    from pg_catalog.pg_attribute a
    where t.typrelid <> 0 and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped), '[]'),
  (select coalesce(json_agg(name), '[]') from unnest($2::text[]) as named(name) where to_regtype(name)::oid = t.oid)
from wanted join pg_catalog.pg_type t on t.oid = wanted.oid
  left join pg_catalog.pg_type e on e.oid = t.typelem`;

/** Reads the types that the map does not have yet; `run` runs one statement and gives its rows. */
export async function learnTypes(
  types: TypeMap,
  wanted: { readonly oids?: readonly number[]; readonly names?: readonly string[] },
  run: (main: Step) => Promise<readonly WireRow[]>,
): Promise<void> {
  const { oids = [], names = [] } = wanted;
  const values = [arrayLiteral(oids.map(String)), arrayLiteral(names)];
  const rows = await run({ text: lookup, values, maxRows: 0, isMain: true });
  types.learn(rows.map((row) => userType(row as string[])));
}

function userType(row: readonly string[]): UserType {
  const [
    oid,
    name = "",
    kind = "",
    isArray,
    delimiter = ",",
    element,
    base,
    modifier,
    attributes = "[]",
    aliases = "[]",
  ] = row;
  return {
    oid: Number(oid),
    name,
    aliases: JSON.parse(aliases) as string[],
    kind,
    isArray: isArray === "t",
    delimiter,
    elementOid: Number(element),
    baseOid: Number(base),
    baseModifier: Number(modifier),
    attributes: JSON.parse(attributes) as UserType["attributes"],
  };
}
