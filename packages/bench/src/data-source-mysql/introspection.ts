import { MySqlDriver } from "@cubejs-backend/mysql-driver";
import { createMySqlDataSource } from "@org/data-source-mysql";
import type { MySqlServer } from "@org/warehouse-emulators/mysql";
import mysql from "mysql2/promise";
import { median, type Section, times } from "../section.ts";

const schema = "many";
const tables = 5000;
const columns = 10;
const rounds = 3;

/** Every table of a database with many of them, by one call. */
export async function benchIntrospection({ options }: MySqlServer): Promise<Section> {
  await createTables(options);
  const own = { ...options, database: schema };
  const cube = new MySqlDriver({ ...own, ssl: own.ssl as object });
  const source = createMySqlDataSource({ ...own, defaults: { statementTimeoutMs: 600_000 } });
  const counted = (found: Record<string, object>): number => Object.keys(found[schema] ?? {}).length;
  const subjects: Record<string, () => Promise<number>> = {
    "introspect() (keys, foreign keys, indexes, checks, comments, sizes, partitions too)": async () => {
      const { schemas, warnings } = await source.introspect({ schemas: { include: [schema] } });
      if (warnings.length > 0) throw new Error(warnings[0]?.message);
      return schemas[0]?.tables.length ?? 0;
    },
    "Cube tablesSchema() (columns only)": async () => counted(await cube.tablesSchema()),
    "Cube tablesSchemaV2() (columns and keys)": async () => counted(await cube.tablesSchemaV2()),
  };
  const seconds = new Map<string, number[]>(Object.keys(subjects).map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, run] of Object.entries(subjects)) {
      const started = performance.now();
      const found = await run();
      if (found !== tables) throw new Error(`${name}: found ${found} tables instead of ${tables}`);
      seconds.get(name)?.push((performance.now() - started) / 1000);
    }
  }
  await cube.release();
  await source.close();
  const ours = median([...seconds.values()][0] ?? []);
  return {
    title: `Introspection of ${tables} tables of ${columns} columns`,
    method: `Median of ${rounds} rounds on one database, in turn. Each table has a primary key and an index, every tenth a foreign key.`,
    head: ["through", "seconds", "of ours"],
    rows: [...seconds].map(([name, values]) => [name, median(values).toFixed(2), times(median(values) / ours)]),
  };
}

async function createTables(options: MySqlServer["options"]): Promise<void> {
  const connection = await mysql.createConnection({ ...(options as object) });
  await connection.query(`create database ${schema}`);
  await connection.query(`use ${schema}`);
  const more = Array.from(
    { length: columns - 2 },
    (_, index) => `c${index} ${index % 2 === 0 ? "text" : "decimal(10,2)"}`,
  );
  for (let table = 0; table < tables; table += 1) {
    const foreign = table % 10 === 9 ? ", foreign key (parent) references t0 (id)" : "";
    await connection.query(
      `create table t${table} (id bigint primary key, parent bigint, ${more.join(", ")}, key parents (parent)${foreign})`,
    );
  }
  await connection.end();
}
