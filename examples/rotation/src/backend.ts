import { type ConnectionOptions, getPgConfig, type PgConfig } from "@org/lakebase-auth";
import { type LakebaseEmulator, startLakebaseEmulator } from "@org/lakebase-emulator";

/** What the demo runs against. */
export interface Backend extends AsyncDisposable {
  readonly description: string;
  connect(options: Pick<ConnectionOptions, "onEvent">): PgConfig;
  /** Undefined against a real Lakebase, which takes no faults. */
  readonly emulator: LakebaseEmulator | undefined;
}

export async function startLocalBackend(): Promise<Backend> {
  const emulator = await startLakebaseEmulator({ tokenLifeMs: 10_000 });
  return {
    description: `a local Lakebase on ${emulator.host}:${emulator.port}, tokens live 10 s`,
    emulator,
    connect: (options) => getPgConfig({ ...options, env: emulator.env, ssl: { ca: emulator.ca } }),
    [Symbol.asyncDispose]: () => emulator.close(),
  };
}

/** The real Lakebase that PGHOST and LAKEBASE_ENDPOINT name. */
export function useLiveBackend(): Backend {
  return {
    description: `Lakebase at ${process.env["PGHOST"]}`,
    emulator: undefined,
    connect: (options) => getPgConfig(options),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
