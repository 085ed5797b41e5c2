import type { PgConfig } from "@org/lakebase-auth";
import { setTimeout as pause } from "node:timers/promises";
import type { Backend } from "./backend.ts";
import type { Workload } from "./workload.ts";

export interface Scenario {
  readonly seconds: number;
  readonly backend: Backend;
  readonly config: PgConfig;
  readonly workload: Workload;
  /** Resolves at the next renewal. */
  readonly nextRotation: () => Promise<void>;
  readonly announce: (text: string) => void;
  readonly signal: AbortSignal;
}

const OUTAGE_MS = 5_000;

/** Takes the credential API down for 5 s inside a token's life, then cuts every connection. */
export async function runScenario(scenario: Scenario): Promise<void> {
  const { seconds, backend, announce, signal } = scenario;
  const end = pause(seconds * 1000, undefined, { signal }).catch(() => {});
  const { emulator } = backend;
  if (emulator === undefined) {
    await Promise.race([end, forceRotations(scenario)]);
    return;
  }
  const faults = (async (): Promise<void> => {
    await scenario.nextRotation();
    announce("the credential API goes down for 5 s; the next renewal falls into it");
    const lift = emulator.faults.api("all", { status: 503 });
    await pause(OUTAGE_MS, undefined, { signal });
    lift();
    announce("the credential API is back");
    await scenario.nextRotation();
    scenario.workload.expectCut();
    announce(`cut every connection: ${emulator.cutConnections()} in use, and those that were logging in`);
  })();
  await Promise.race([end, faults.then(() => end)]);
  faults.catch(() => {}); // Ended by the signal, in the middle of a pause.
}

/** A real token lives for an hour: replace it every eighth of the run instead. */
async function forceRotations({ seconds, config, announce, signal }: Scenario): Promise<void> {
  for (;;) {
    await pause((seconds * 1000) / 8, undefined, { signal });
    config.password.invalidate(await config.password());
    announce("asked for a new token before the old one expired");
  }
}
