import { type LakebaseEmulator, startLakebaseEmulator } from "@org/lakebase-emulator";
import type { Engine } from "./engine.ts";

export async function startPostgres(): Promise<Engine & { readonly emulator: LakebaseEmulator }> {
  const emulator = await startLakebaseEmulator();
  const { ca, user, env } = emulator;
  let revokedMs = -Infinity;
  return {
    emulator,
    config: { kind: "postgres", auth: { env, ssl: { ca } } },
    faults: {
      "cut connections": () => emulator.cutConnections(),
      // lakebase-auth takes at most one refusal a second for news; without the cut nobody would notice at once.
      "revoke tokens": () => {
        if (performance.now() - revokedMs < 4_000) return;
        revokedMs = performance.now();
        emulator.revokeTokens();
        emulator.cutConnections();
      },
      "terminate backends": () =>
        emulator.query("select pg_terminate_backend(pid) from pg_stat_activity where usename = $1", [user]),
    },
    open: async () => {
      const text = "select count(*)::int as count from pg_stat_activity where usename = $1";
      return (await emulator.query(text, [user])).rows[0]?.["count"] as number;
    },
    [Symbol.asyncDispose]: () => emulator.close(),
  };
}
