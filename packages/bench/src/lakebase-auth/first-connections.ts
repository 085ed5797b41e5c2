import { WorkspaceClient } from "@databricks/sdk-experimental";
import { createPasswordProvider } from "@org/lakebase-auth";
import { startLakebaseEmulator } from "@org/lakebase-emulator";
import type { Section } from "../section.ts";
import { ourPassword, peerPassword } from "./subjects.ts";

const CALLS = 1_000;

/** Requests that the workspace sees when a cold process opens many connections at once. */
export async function benchFirstConnections(): Promise<Section> {
  await using emulator = await startLakebaseEmulator({ postgres: false });
  const { endpoint, clientId, clientSecret } = emulator;
  const count = async (passwords: readonly (() => Promise<string>)[]): Promise<readonly number[]> => {
    emulator.resetCounters();
    const calls = Array.from({ length: CALLS }, async (_, i) => await passwords[i % passwords.length]?.());
    await Promise.all(calls);
    return [emulator.counters.discovery + emulator.counters.token, emulator.counters.mintAutoscaling];
  };
  const client = () =>
    new WorkspaceClient({ host: emulator.workspaceHost, clientId, clientSecret, authType: "oauth-m2m", env: {} });
  const sharedClient = client();
  const ours = [ourPassword(sharedClient, endpoint), ourPassword(sharedClient, endpoint)];
  const rows = [["@org/lakebase-auth, the SDK's client", ...(await count(ours))]];
  for (const password of ours) await password.close();
  const own = [createPasswordProvider({ env: emulator.env }), createPasswordProvider({ env: emulator.env })];
  rows.push(["@org/lakebase-auth, no other package", ...(await count(own))]);
  for (const password of own) await password.close();
  const peerClient = client();
  rows.push([
    "@databricks/lakebase 0.6.0",
    ...(await count([peerPassword(peerClient, endpoint), peerPassword(peerClient, endpoint)])),
  ]);
  return {
    title: `${CALLS.toLocaleString("en")} concurrent first connections over two pools on one endpoint`,
    method: "Password calls, half to each pool's provider, counted by the workspace API of the local emulator.",
    head: ["", "identity requests", "mint requests"],
    rows,
  };
}
