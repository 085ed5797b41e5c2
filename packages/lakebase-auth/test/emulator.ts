import { getOrmConfig, getPgConfig, type ConnectionOptions, type OrmConfig, type PgConfig } from "@org/lakebase-auth";
import { type LakebaseEmulator, type LakebaseEmulatorOptions, startLakebaseEmulator } from "@org/lakebase-emulator";
import { afterAll, afterEach, beforeAll } from "vitest";

/** One emulator for a test file; faults and counters are fresh for each test. */
export function useEmulator(options: LakebaseEmulatorOptions = {}): () => LakebaseEmulator {
  let emulator: LakebaseEmulator | undefined;
  const get = (): LakebaseEmulator => {
    if (emulator === undefined) throw new Error("the emulator has not started");
    return emulator;
  };
  beforeAll(async () => {
    emulator = await startLakebaseEmulator(options);
  });
  afterEach(() => {
    get().faults.clear();
    get().resetCounters();
  });
  afterAll(() => emulator?.close());
  return get;
}

/** What a user would write, and the authority of the emulator's certificate. */
export const pgConfig = ({ env, ca }: LakebaseEmulator, options: ConnectionOptions = {}): PgConfig =>
  getPgConfig({ env, ssl: { ca }, ...options });
export const ormConfig = ({ env, ca }: LakebaseEmulator, options: ConnectionOptions = {}): OrmConfig =>
  getOrmConfig({ env, ssl: { ca }, ...options });
