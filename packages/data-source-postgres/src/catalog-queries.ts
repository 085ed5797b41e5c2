/**
 * The catalog queries: one for each part, whatever the number of tables. $1 and $2 are the LIKE patterns of schemas to
 * include and exclude, $3 and $4 those of tables; null includes all. pg_catalog, not information_schema: that shows
 * only what the account owns or may use, and joins many times more.
 */

const system = `n.nspname !~ '^pg_(toast|temp_|toast_temp_)'
  and ($1::text[] is not null or n.nspname not in ('pg_catalog', 'information_schema'))`;

const schemaScope = `${system}
  and ($1::text[] is null or n.nspname like any ($1)) and not n.nspname like any ($2::text[])`;

const tableScope = `c.relkind in ('r', 'p', 'v', 'm', 'f') and ${schemaScope}
  and ($3::text[] is null or c.relname like any ($3)) and not c.relname like any ($4::text[])`;

const scoped = `pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace`;

const schemas = `select n.nspname, d.description
from pg_catalog.pg_namespace n
left join pg_catalog.pg_description d on d.objoid = n.oid and d.classoid = 'pg_namespace'::regclass and d.objsubid = 0
where ${schemaScope} and ($3::text[] is null or true) and ($4::text[] is null or true)
order by n.nspname`;

const tables = `select c.oid, n.nspname, c.relname, c.relkind, c.relpersistence, c.reltuples,
  case when c.relkind in ('r', 'm') then c.relpages::int8 * current_setting('block_size')::int8 end, d.description,
  case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end,
  case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end,
  pg_get_userbyid(c.relowner)
from ${scoped}
left join pg_catalog.pg_description d on d.objoid = c.oid and d.classoid = 'pg_class'::regclass and d.objsubid = 0
where ${tableScope} order by n.nspname, c.relname`;

const columns = `select a.attrelid, a.attname, a.atttypid, a.atttypmod, a.attnotnull,
  case when ad.adbin is not null then pg_get_expr(ad.adbin, ad.adrelid) end,
  d.description, a.attidentity, a.attgenerated,
  case when a.attcollation not in (0, 100) then co.collname end, a.attnum
from ${scoped}
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_catalog.pg_attrdef ad on a.atthasdef and ad.adrelid = a.attrelid and ad.adnum = a.attnum
left join pg_catalog.pg_description d on d.objoid = c.oid and d.classoid = 'pg_class'::regclass and d.objsubid = a.attnum
left join pg_catalog.pg_collation co on a.attcollation not in (0, 100) and co.oid = a.attcollation
where ${tableScope}`;

// Columns by number: their names are known from the query above, but for those of a table outside of the scope.
const constraints = `select k.conrelid, k.contype, k.conname, array_to_json(k.conkey),
  case when k.contype = 'c' then pg_get_expr(k.conbin, k.conrelid) end,
  fn.nspname, fc.relname,
  case when k.contype = 'f' then (select json_agg(a.attname order by part.place)
    from unnest(k.confkey) with ordinality part(number, place)
    join pg_catalog.pg_attribute a on a.attrelid = k.confrelid and a.attnum = part.number) end,
  k.confdeltype, k.confupdtype, true as enforced
from ${scoped}
join pg_catalog.pg_constraint k on k.conrelid = c.oid and k.contype in ('p', 'u', 'f', 'c')
left join pg_catalog.pg_class fc on fc.oid = k.confrelid
left join pg_catalog.pg_namespace fn on fn.oid = fc.relnamespace
where ${tableScope} order by k.conrelid, k.conname`;

const indexes = `select i.indrelid, ic.relname, i.indisunique, am.amname, i.indisclustered,
  case when i.indpred is not null then pg_get_expr(i.indpred, i.indrelid) end,
  i.indnkeyatts, i.indkey::text, i.indoption::text,
  case when i.indexprs is not null then (
    select json_agg(pg_get_indexdef(i.indexrelid, part, true) order by part)
    from generate_series(1, i.indnkeyatts) part) end
from ${scoped}
join pg_catalog.pg_index i on i.indrelid = c.oid
join pg_catalog.pg_class ic on ic.oid = i.indexrelid
join pg_catalog.pg_am am on am.oid = ic.relam
where ${tableScope} order by i.indrelid, ic.relname`;

const partitions = `select h.inhparent, pc.relname
from ${scoped}
join pg_catalog.pg_inherits h on h.inhparent = c.oid
join pg_catalog.pg_class pc on pc.oid = h.inhrelid
where c.relkind = 'p' and ${tableScope} order by h.inhparent, pc.relname`;

export type CatalogPart = "schemas" | "tables" | "columns" | "constraints" | "indexes" | "partitions";

/** @param major - The server's version: a constraint can be NOT ENFORCED since Postgres 18. */
export function catalogQueries(major: number): Readonly<Record<CatalogPart, string>> {
  const enforced = major >= 18 ? "k.conenforced as enforced" : "true as enforced";
  return {
    schemas,
    tables,
    columns,
    constraints: constraints.replace("true as enforced", enforced),
    indexes,
    partitions,
  };
}
