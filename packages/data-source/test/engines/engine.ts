import type { DataSourceConfig } from "@org/data-source";

/** A local engine. */
export interface Engine extends AsyncDisposable {
  /** Plain data, so that it also serves in another process. */
  readonly config: DataSourceConfig;
  /** What a server can do to its clients, by name. */
  readonly faults: Readonly<Record<string, () => unknown>>;
  /** What the server holds for clients: connections, sessions or running jobs. */
  open(): Promise<number>;
}

export type EngineName = "postgres" | "mysql" | "snowflake" | "bigquery";

/** Statements in the engine's own SQL. A tag is a word, and unique. */
export interface Dialect {
  /** `count` rows, `n` from 1 in order, each with `tag`. */
  numbers(count: number, tag: string): string;
  /** One row with `tag`, after so many seconds. */
  sleep(seconds: number, tag: string): string;
  readonly syntaxError: string;
  createTable(name: string): string;
  insert(table: string, tag: string): string;
  /** How often each `tag` is there. */
  tags(table: string): string;
}

const standard = {
  syntaxError: "select 1 +* from x y z w",
  insert: (table: string, tag: string) => `insert into ${table} (tag) values ('${tag}')`,
  tags: (table: string) => `select tag, count(*) as times from ${table} group by tag`,
};

const digits = `(${Array.from({ length: 10 }, (_, digit) => `select ${digit} as d`).join(" union all ")})`;

export const dialects: Readonly<Record<EngineName, Dialect>> = {
  postgres: {
    ...standard,
    numbers: (count, tag) => `select n, '${tag}' as tag from generate_series(1, ${count}) as n`,
    sleep: (seconds, tag) => `select '${tag}' as tag from pg_sleep(${seconds})`,
    createTable: (name) => `create table ${name} (tag text)`,
  },
  mysql: {
    ...standard,
    // Not by recursion: MariaDB ends one after 1,000 rounds, with a warning only.
    numbers: (count, tag) =>
      `select a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 1 as n, '${tag}' as tag from ${digits} a, ${digits} b, ${digits} c, ${digits} e having n <= ${count} order by n`,
    sleep: (seconds, tag) => `select '${tag}' as tag, sleep(${seconds}) as slept`,
    createTable: (name) => `create table ${name} (tag varchar(100))`,
  },
  snowflake: {
    ...standard,
    // Unquoted names come in capitals.
    numbers: (count, tag) =>
      `select seq8() + 1 as "n", '${tag}' as "tag" from table(generator(rowcount => ${count})) order by 1`,
    sleep: (seconds, tag) => `select '${tag}' as "tag", system$wait(${seconds}) as "waited"`,
    syntaxError: "select 1 fro t",
    createTable: (name) => `create table ${name} (tag varchar)`,
    tags: (table) => `select tag as "tag", count(*) as "times" from ${table} group by tag`,
  },
  bigquery: {
    ...standard,
    numbers: (count, tag) => `select n, '${tag}' as tag from unnest(generate_array(1, ${count})) as n order by n`,
    sleep: (seconds, tag) => `select '${tag}' as tag /* for ${seconds} s */`,
    createTable: (name) => `create table ${name} (tag string)`,
  },
};
