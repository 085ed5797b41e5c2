import { type LakebaseEmulator, startLakebaseEmulator } from "@org/lakebase-emulator";
import { afterAll, beforeAll } from "vitest";

/** A local Lakebase for the tests of one file. */
export interface Lakebase {
  readonly emulator: LakebaseEmulator;
  /** Variables for a program under test, the URL of the data source among them. */
  readonly env: Readonly<Record<string, string>>;
  /** How many statements with this text the server runs now. */
  running(marker: string): Promise<number>;
  /** How many connections the server has that are not its own or the test's. */
  connections(): Promise<number>;
}

export function useLakebase(): () => Lakebase {
  let emulator: LakebaseEmulator | undefined;
  beforeAll(async () => {
    emulator = await startLakebaseEmulator();
  });
  afterAll(() => emulator?.close());
  return () => {
    if (emulator === undefined) throw new Error("asked for before it was started");
    return describe(emulator);
  };
}

function describe(emulator: LakebaseEmulator): Lakebase {
  const count = async (condition: string, values: unknown[]): Promise<number> => {
    const text = `select count(*)::int as count from pg_stat_activity where ${condition}`;
    return (await emulator.query(text, values)).rows[0]?.["count"] as number;
  };
  return {
    emulator,
    env: { ...emulator.env, DATA_SOURCE_URL: `lakebase://${emulator.endpoint}` },
    running: (marker) =>
      count("state = 'active' and query like '%' || $1 || '%' and pid <> pg_backend_pid()", [marker]),
    connections: () => count("backend_type = 'client backend' and usename not in ('postgres', current_user)", []),
  };
}
