import { sql, type SqlFragment } from "@org/data-source-core";

/** Ways to write that a careless guard lets pass. `table` holds one row that must stay as it is. */
export function escapes(table: SqlFragment): SqlFragment[] {
  return [
    sql`delete from ${table} where true`,
    sql`DeLeTe ${table} where true`,
    sql`/* select */ delete from ${table} where true`,
    sql`-- select 1
delete from ${table} where true`,
    sql`# select 1
delete from ${table} where true`,
    sql`insert into ${table} (id, name) select 2, 'two'`,
    sql`insert ${table} (id, name) values (2, 'two')`,
    sql`insert into ${table} (id, name) with a as (select 2 as x) select x, 'two' from a`,
    sql`update ${table} set name = 'changed' where true`,
    sql`merge ${table} t using (select 1 as id) s on t.id = s.id when matched then delete`,
    sql`merge into ${table} t using (select 2 as id) s on false when not matched then insert (id) values (s.id)`,
    sql`truncate table ${table}`,
    sql`drop table ${table}`,
    sql`drop table if exists ${table}`,
    sql`create or replace table ${table} as select 9 as id, 'x' as name`,
    sql`create table if not exists conf.escaped as select 1 as a`,
    sql`create temp table escaped as select 1 as a`,
    sql`create snapshot table conf.copied clone ${table}`,
    sql`create function conf.f() as (1)`,
    sql`create procedure conf.p() begin delete from ${table} where true; end`,
    sql`create schema escaped`,
    sql`alter table ${table} add column extra int64`,
    sql`alter table ${table} rename to conf.renamed`,
    sql`call conf.p()`,
    sql`execute immediate 'delete from ${table} where true'`,
    sql`execute immediate "delete from conf.t where true"`,
    sql`begin delete from ${table} where true; end`,
    sql`begin transaction; delete from ${table} where true; commit transaction`,
    sql`begin transaction`,
    sql`declare x int64 default 1; delete from ${table} where true`,
    sql`set @@dataset_id = 'other'`,
    sql`if true then delete from ${table} where true; end if`,
    sql`loop delete from ${table} where true; leave; end loop`,
    sql`while true do delete from ${table} where true; end while`,
    sql`for r in (select 1 as a) do delete from ${table} where true; end for`,
    sql`repeat delete from ${table} where true; until true end repeat`,
    sql`case when true then delete from ${table} where true; end case`,
    sql`select 1; delete from ${table} where true`,
    sql`select 1;;; delete from ${table} where true;`,
    sql`select '''
'''; delete from ${table} where true; select '''
'''`,
    sql`select r'\\\\'; delete from ${table} where true -- '`,
    sql`export data options (uri = 'gs://bucket/*.csv', format = 'csv') as select * from ${table}`,
    sql`load data into ${table} from files (format = 'csv', uris = ['gs://bucket/a.csv'])`,
    sql`grant \`roles/bigquery.dataEditor\` on table ${table} to 'user:a@example.com'`,
    sql`create model conf.m options (model_type = 'linear_reg') as select 1 as label`,
    sql`assert (select count(*) from ${table}) = 0`,
    sql`undrop schema escaped`,
  ];
}
