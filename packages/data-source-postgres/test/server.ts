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
