import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WorkspaceClient } from "@databricks/sdk-experimental";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createPasswordProvider, getUsernameWithApiLookup } from "@org/lakebase-auth";
import { cachedTokenProvider, databricksSdkTokenProvider } from "@org/lakebase-auth/token-providers";
import { pgConfig, useEmulator } from "./emulator.ts";
import { failure } from "./fake-workspace.ts";

const emulator = useEmulator();
let folder = "";
let env: Record<string, string | undefined> = {};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "databrickscfg-"));
  const file = join(folder, "databrickscfg");
  const { workspaceHost, clientId, clientSecret, pat } = emulator();
  await writeFile(
    file,
    [
      `[DEFAULT]\nhost = ${workspaceHost}\ntoken = ${pat}`,
      `[m2m]\nhost = ${workspaceHost}\nclient_id = ${clientId}\nclient_secret = ${clientSecret}`,
      `[wrong]\nhost = ${workspaceHost}\nclient_id = ${clientId}\nclient_secret = canary-wrong-secret`,
    ].join("\n\n"),
  );
  const { PGHOST, PGPORT, LAKEBASE_ENDPOINT } = emulator().env;
  env = { PGHOST, PGPORT, LAKEBASE_ENDPOINT, DATABRICKS_CONFIG_FILE: file };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function logIn(options: object): Promise<void> {
  await using config = pgConfig(emulator(), { env, ...options });
  const client = new Client(config);
  await client.connect();
  await client.end();
}

describe("through the SDK", () => {
  test("the default profile's personal access token", async () => {
    await logIn({ user: emulator().userName });
    expect(emulator().counters).toMatchObject({ mintAutoscaling: 1, logins: 1 });
    expect(emulator().lastMint?.identity).toBe(emulator().userName);
  });

  test("a profile's service principal, its token requested once for many endpoints", async () => {
    const profile = { ...env, DATABRICKS_CONFIG_PROFILE: "m2m" };
    await logIn({ env: profile, user: emulator().clientId });
    expect(emulator().lastMint?.identity).toBe(emulator().clientId);
    expect(emulator().counters).toMatchObject({ discovery: 1, token: 1, mintAutoscaling: 1, logins: 1 });
  });

  test("20 concurrent first callers are one token request", async () => {
    await using password = createPasswordProvider({ env: { ...env, DATABRICKS_CONFIG_PROFILE: "m2m" } });
    await Promise.all(Array.from({ length: 20 }, () => password()));
    expect(emulator().counters).toMatchObject({ discovery: 1, token: 1, mintAutoscaling: 1 });
  });

  test("an environment that changes between two providers is two identities, each as it was", async () => {
    const changing = { ...env, DATABRICKS_CONFIG_PROFILE: "m2m" };
    await using first = createPasswordProvider({ env: changing, refresh: "lazy" });
    changing.DATABRICKS_CONFIG_PROFILE = "DEFAULT";
    await using second = createPasswordProvider({ env: changing, refresh: "lazy" });
    await first();
    expect(emulator().lastMint?.identity).toBe(emulator().clientId);
    await second();
    expect(emulator().lastMint?.identity).toBe(emulator().userName);
  });

  test("the person's name", async () => {
    expect(await getUsernameWithApiLookup({ env })).toBe(emulator().userName);
  });

  test("a client of the user's own", async () => {
    const { workspaceHost: host, clientId, clientSecret } = emulator();
    const workspaceClient = new WorkspaceClient({ host, clientId, clientSecret, authType: "oauth-m2m", env: {} });
    await logIn({ workspaceClient, user: clientId });
    expect(emulator().counters).toMatchObject({ discovery: 1, token: 1, mintAutoscaling: 1, logins: 1 });
  });

  test("a token provider with a profile of its own", async () => {
    const tokenProvider = cachedTokenProvider(databricksSdkTokenProvider({ env, profile: "m2m" }));
    await logIn({ tokenProvider, workspaceHost: emulator().workspaceHost, user: emulator().clientId });
    expect(emulator().lastMint?.identity).toBe(emulator().clientId);
    tokenProvider.close();
  });

  test("a hung token endpoint, which the SDK waits for without end, is given up", async () => {
    emulator().faults.api("token", "hang");
    const options = { attemptTimeoutMs: 300, retry: { delaysMs: [10], budgetMs: 3_000 }, refresh: "lazy" } as const;
    await using password = createPasswordProvider({ ...options, env: { ...env, DATABRICKS_CONFIG_PROFILE: "m2m" } });
    expect(await failure(password())).toMatchObject({ code: "TIMEOUT" });
    emulator().faults.clear();
    expect((await password()).length).toBeGreaterThan(20);
  });

  test("a wrong secret fails, with a cause, and without the secret", async () => {
    const provider = databricksSdkTokenProvider({ env, profile: "wrong" });
    const error = await failure(provider.getToken());
    expect(error).toMatchObject({ code: "PROVIDER_FAILED", message: "The Databricks SDK failed.", isRetryable: false });
    expect(error.cause).toBeInstanceOf(Error);
    expect(`${error.stack} ${(error.cause as Error).message}`).not.toContain("canary");
  });

  test("no identity anywhere fails, with a cause", async () => {
    const nothing = { ...env, DATABRICKS_CONFIG_FILE: join(folder, "absent"), HOME: folder };
    await using password = createPasswordProvider({ env: nothing, refresh: "lazy" });
    const error = await failure(password());
    expect(error).toMatchObject({ code: "PROVIDER_FAILED" });
    expect((error.cause as Error).message).toMatch(/cannot configure default/i);
  });
});
