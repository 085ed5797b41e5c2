import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createCertificate } from "./certificate.ts";
import { createCleanup } from "./cleanup.ts";
import { createCounters } from "./counters.ts";
import { composeEmulator, type LakebaseEmulator } from "./emulator.ts";
import { type ApiFault, createFaultPlans, type LoginFault } from "./faults.ts";
import { openFrontDoor } from "./front-door.ts";
import { type LakebaseEmulatorOptions, resolveOptions } from "./options.ts";
import { startPostgres } from "./postgres-server.ts";
import type { Workspace } from "./routes.ts";
import { createTokenIssuer } from "./token.ts";
import { startWorkspaceApi } from "./workspace-api.ts";

/**
 * Starts a local Lakebase: a workspace API on loopback, and a real Postgres behind a front door that lets in only
 * credentials which that API has minted. Nothing has to be installed beside; the process that started it may end in any
 * way, and the server and its files go with it.
 *
 * @throws TypeError or RangeError that names the field, for an option that makes no sense.
 *
 * @example
 * ```ts
 * import { startLakebaseEmulator } from "@org/lakebase-emulator";
 * import { Client } from "pg";
 *
 * await using emulator = await startLakebaseEmulator({ tokenLifeMs: 10_000 });
 * const { host, port, database, user, ca } = emulator;
 * const client = new Client({ host, port, database, user, ssl: { ca }, password: emulator.databaseToken() });
 * await client.connect();
 * await client.end();
 * ```
 */
export async function startLakebaseEmulator(options: LakebaseEmulatorOptions = {}): Promise<LakebaseEmulator> {
  const settings = resolveOptions(options);
  const cleanup = createCleanup();
  const counters = createCounters();
  const tokens = createTokenIssuer();
  const apiFaults = createFaultPlans<ApiFault>();
  const loginFaults = createFaultPlans<LoginFault>();
  const workspace: Workspace = {
    settings,
    tokens,
    servicePrincipals: new Map([[settings.clientId, settings.clientSecret]]),
    host: () => api.host,
    lastMint: undefined,
  };
  const certificate = await createCertificate();
  const api = await startWorkspaceApi({
    port: settings.apiPort,
    ...(settings.apiTls ? { certificate } : {}),
    workspace,
    counters,
    faults: apiFaults,
  });
  cleanup.add(() => api.close());
  const parts = { settings, workspace, tokens, counters, apiFaults, loginFaults, certificate, api, cleanup };
  if (!settings.postgres) return composeEmulator(parts);

  try {
    const postgres = await startPostgres(settings.postgresVersion, settings.cacheDirectory);
    cleanup.add(() => postgres.close());
    const caFile = join(postgres.directory, "ca.pem");
    await writeFile(caFile, certificate.ca);
    const door = await openFrontDoor({
      port: settings.port,
      backendSocket: postgres.socket,
      certificate,
      rules: {
        tokens,
        errorStyle: settings.errorStyle,
        endpoint: settings.endpoint,
        instanceName: settings.instanceName,
      },
      requireSni: settings.requireSni,
      counters,
      faults: loginFaults,
    });
    cleanup.add(() => door.close());
    const emulator = composeEmulator({ ...parts, postgres, door, caFile });
    for (const role of new Set([settings.clientId, settings.userName])) await emulator.addRole(role);
    return emulator;
  } catch (error) {
    await cleanup.run();
    throw error;
  }
}
