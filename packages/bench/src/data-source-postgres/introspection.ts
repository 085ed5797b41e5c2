import { PostgresDriver } from "@cubejs-backend/postgres-driver";
import { createPostgresDataSource } from "@org/data-source-postgres";
import type { LakebaseEmulator } from "@org/lakebase-emulator";
import { median, type Section, times } from "../section.ts";

const tables = 10_000;
const columns = 20;
const rounds = 3;

/** Every table of a database with many of them, each with a primary key, by one call. */
export async function benchIntrospection(emulator: LakebaseEmulator): Promise<Section> {
  await createTables(emulator);
  const { adminUri } = emulator;
  const { searchParams, pathname } = new URL(adminUri);
  const host = searchParams.get("host") as string;
  const cube = new PostgresDriver({ host, user: "postgres", database: pathname.slice(1), executionTimeout: 600 });
  const source = createPostgresDataSource({ url: adminUri, defaults: { statementTimeoutMs: 600_000 } });
  const counted = (schema: Record<string, object>): number => Object.keys(schema["wide"] ?? {}).length;
  const subjects: Record<string, () => Promise<number>> = {
    "introspect() (keys, indexes, checks, comments, sizes, partitions too)": async () => {
      const { schemas, warnings } = await source.introspect({ schemas: { include: ["wide"] } });
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
  const own = median([...seconds.values()][0] ?? []);
  return {
    title: `Introspection of ${tables} tables of ${columns} columns`,
    method: `Median of ${rounds} rounds on one database, in turn. Evidence's Postgres connector has no introspection to compare with; lightdash's could not be installed as published (CONTEXT.md of data-source-postgres has it measured by hand).`,
    head: ["through", "seconds", "of ours"],
    rows: [...seconds].map(([name, values]) => [name, median(values).toFixed(2), times(median(values) / own)]),
  };
}

async function createTables(emulator: LakebaseEmulator): Promise<void> {
  await emulator.query("create schema wide");
  const more = Array.from(
    { length: columns - 1 },
    (_, index) => `c${index} ${index % 2 === 0 ? "text" : "numeric(10,2)"}`,
  );
  const perStatement = 500;
  for (let first = 0; first < tables; first += perStatement) {
    await emulator.query(`do $$ begin for i in ${first}..${first + perStatement - 1} loop
      execute format('create table wide.t%s (id int8 primary key, ${more.join(", ")})', i); end loop; end $$`);
  }
  await emulator.query(
    "analyze pg_catalog.pg_class, pg_catalog.pg_attribute, pg_catalog.pg_constraint, pg_catalog.pg_index",
  );
}
