/**
 * Tables that stand for Redshift's system views: the documented columns in the documented types and order, and no
 * others. They are found by the search path, as the views are found in pg_catalog.
 */
export const standIns = `
create schema redshift_views;
set search_path = redshift_views;
create table svv_all_schemas (database_name varchar(128), schema_name varchar(128), schema_owner integer,
  schema_type varchar(128), schema_acl varchar(128), source_database varchar(128), schema_option varchar(256));
create table svv_redshift_tables (database_name varchar(128), schema_name varchar(128), table_name varchar(128),
  table_type varchar(128), table_acl varchar(128), remarks varchar(128), table_owner varchar(128));
create table svv_redshift_columns (database_name varchar(128), schema_name varchar(128), table_name varchar(128),
  column_name varchar(128), ordinal_position integer, data_type varchar(32), column_default varchar(4000),
  is_nullable varchar(3), encoding varchar(128), distkey boolean, sortkey integer, column_acl varchar(128),
  remarks varchar(256));
create table svv_table_info ("database" text, "schema" text, table_id oid, "table" text, encoded text, diststyle text,
  sortkey1 text, max_varchar integer, sortkey1_enc character(32), sortkey_num integer, size bigint,
  pct_used numeric(10,4), empty bigint, unsorted numeric(5,2), stats_off numeric(5,2), tbl_rows numeric(38,0),
  skew_sortkey1 numeric(19,2), skew_rows numeric(19,2));
create table svv_mv_info (database_name char(128), schema_name char(128), user_name char(128), name char(128),
  is_stale char(1), state integer, autorefresh char(1), autorewrite char(1));
create table svv_external_tables (redshift_database_name text, schemaname text, tablename text, tabletype text,
  location text, input_format text, output_format text, serialization_lib text, serde_parameters text,
  compressed integer, parameters text);
create table svv_external_columns (redshift_database_name text, schemaname text, tablename text, columnname text,
  external_type text, columnnum integer, part_key integer, is_nullable text);
create table late_binding (view_schema name, view_name name, col_name name, col_type varchar, col_num int);
create function pg_get_late_binding_view_cols() returns setof record language sql
  as 'select view_schema, view_name, col_name, col_type, col_num from redshift_views.late_binding';
set search_path = public;
`;

/** A shop: `db` is the connection's database, and another's rows must not be seen. */
export const contents = (db: string): string => `
create schema shop;
create table shop.customer (id int8, region int4, name varchar(40) unique, primary key (region, id));
create table shop.sale (id int8 constraint sale_key primary key, customer_id int8, customer_region int4,
  constraint sale_customer foreign key (customer_region, customer_id) references shop.customer (region, id));
create view shop.big_sale as select id from shop.sale;
create view shop.daily as select 1 as one;

set search_path = redshift_views;
insert into svv_all_schemas values
  ('${db}', 'shop', 100, 'local', null, null, null), ('${db}', 'lake', 100, 'external', null, 'glue', '{}'),
  ('${db}', 'pg_automv', 1, 'local', null, null, null), ('${db}', 'information_schema', 1, 'local', null, null, null),
  ('other', 'secret', 1, 'shared', null, null, null);
insert into svv_redshift_tables values
  ('${db}', 'shop', 'sale', 'TABLE', null, 'what was sold', 'ada'), ('${db}', 'shop', 'customer', 'TABLE', null, '', 'ada'),
  ('${db}', 'shop', 'big_sale', 'VIEW', null, null, 'ada'), ('${db}', 'shop', 'late', 'VIEW', null, null, 'ada'),
  ('${db}', 'shop', 'daily', 'VIEW', null, null, 'bob'), ('other', 'shop', 'sale', 'TABLE', null, 'theirs', 'eve'),
  ('${db}', 'pg_automv', 'x', 'TABLE', null, null, 'rdsdb');
insert into svv_redshift_columns values
  ('${db}', 'shop', 'sale', 'made', 3, 'timestamp without time zone', 'getdate()', 'YES', 'az64', false, -2, null, ''),
  ('${db}', 'shop', 'sale', 'id', 1, 'bigint', '"identity"(100, 0, ''1,1''::text)', 'NO', 'az64', true, 1, null, 'its number'),
  ('${db}', 'shop', 'sale', 'price', 2, 'numeric(8,2)', '', '', 'az64', false, 0, null, null),
  ('${db}', 'shop', 'sale', 'extra', 4, 'super', null, 'YES', 'zstd', false, 0, null, null),
  ('${db}', 'shop', 'sale', 'sketch', 5, 'hllsketch', null, 'YES', 'raw', false, 0, null, null),
  ('${db}', 'shop', 'customer', 'name', 1, 'character varying(40)', null, 'NO', 'lzo', false, 0, null, null),
  ('${db}', 'shop', 'big_sale', 'id', 1, 'bigint', null, 'YES', '', false, 0, null, null),
  ('${db}', 'shop', 'daily', 'one', 1, 'integer', null, 'YES', '', false, 0, null, null),
  ('other', 'shop', 'sale', 'theirs', 9, 'bigint', null, 'YES', '', false, 0, null, null);
insert into svv_table_info ("database", "schema", "table", diststyle, sortkey1, sortkey_num, size, tbl_rows) values
  ('${db}', 'shop', 'sale', 'KEY(id)', 'INTERLEAVED', 2, 7, 12345);
insert into svv_mv_info values ('${db}', 'shop', 'bob', 'daily', 't', 1, 'f', 'f');
insert into svv_external_tables values
  ('${db}', 'lake', 'click', 'TABLE', 's3://lake/click', 'x', 'x', 'x', '{}', 0, '{}');
insert into svv_external_columns values
  ('${db}', 'lake', 'click', 'at', 'timestamp', 1, 0, 'true'), ('${db}', 'lake', 'click', 'page', 'varchar(64)', 2, 0, 'false'),
  ('${db}', 'lake', 'click', 'cost', 'decimal(10,3)', 3, 0, ''), ('${db}', 'lake', 'click', 'tags', 'array<string>', 4, 0, ''),
  ('${db}', 'lake', 'click', 'day', 'date', 5, 2, ''), ('${db}', 'lake', 'click', 'country', 'string', 6, 1, '');
insert into late_binding values
  ('shop', 'late', 'label', 'character varying(200)', 2), ('shop', 'late', 'n', 'numeric(8,2)', 1);
set search_path = public;
`;
