import { type LakebaseEmulator, startLakebaseEmulator } from "@org/lakebase-emulator";
import { createPostgresDataSource, type PostgresDataSourceOptions } from "../src/index.ts";

export type Source = ReturnType<typeof createPostgresDataSource>;

/** A throwaway Lakebase in front of a real Postgres. */
export function startServer(): Promise<LakebaseEmulator> {
  return startLakebaseEmulator();
}

/** A data source that logs in as an application on Lakebase does. */
export function open(emulator: LakebaseEmulator, options: PostgresDataSourceOptions = {}): Source {
  return createPostgresDataSource({ auth: { env: emulator.env, ssl: { ca: emulator.ca } }, ...options });
}

/** What the suite's type cases and escapes refer to. */
export async function prepareDatabase(emulator: LakebaseEmulator): Promise<void> {
  const { user } = emulator;
  await emulator.query(`
    create type conf_mood as enum ('sad', 'happy');
    create type conf_pair as (id int8, label text, missing numeric(10,2), list text[]);
    create domain conf_positive as int4 check (value > 0);
    create type conf_floatrange as range (subtype = float8);
    create sequence conf_sequence;
    create procedure conf_delete(name text) language plpgsql as 'begin execute ''delete from '' || name; end';
    create function conf_delete_function(name text) returns void language plpgsql volatile
      as 'begin execute ''delete from '' || name; end';
    create function conf_definer_function(name text) returns void language plpgsql volatile security definer
      as 'begin execute ''delete from '' || name; end';
    grant all on sequence conf_sequence to "${user}";
    grant create on database "${emulator.database}" to "${user}"`);
}

/** Past the front door, over the unix socket, with every power. */
export function openAsSuperuser(emulator: LakebaseEmulator, options: PostgresDataSourceOptions = {}): Source {
  return createPostgresDataSource({ url: emulator.adminUri, ...options });
}

/** Polls until `condition` holds; the bound is generous, since only what is measured is asserted. */
export async function until(condition: () => Promise<boolean>, boundMs = 15_000): Promise<void> {
  const end = performance.now() + boundMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not so within ${boundMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Shows a figure in the test's output. */
export function measured(what: string, ms: number): void {
  process.stdout.write(`MEASURED ${what}: ${ms.toFixed(1)} ms\n`);
}
