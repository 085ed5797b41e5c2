import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { createBigQueryDataSource, type BigQueryDataSourceOptions } from "../src/index.ts";
import { startServer, token, type TestServer } from "./server.ts";

const email = "reader@test-project.iam.gserviceaccount.com";
const keys = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
});
const key = {
  type: "service_account",
  client_email: email,
  private_key: keys.privateKey,
  private_key_id: "k1",
  project_id: "test-project",
};
const directory = mkdtempSync(join(tmpdir(), "bigquery-key-"));
const keyFile = join(directory, "key.json");
let server: TestServer;

beforeAll(() => {
  // No metadata server is looked for: nothing leaves loopback.
  vi.stubEnv("METADATA_SERVER_DETECTION", "none");
  writeFileSync(keyFile, JSON.stringify(key));
});
beforeEach(async () => {
  server = await startServer();
  server.emulator.identity.trustKey(email, keys.publicKey);
});
afterEach(() => server.emulator.close());
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true });
});

const open = (options: BigQueryDataSourceOptions): ReturnType<typeof createBigQueryDataSource> =>
  createBigQueryDataSource({ apiEndpoint: server.emulator.url, ...options });

function thrown(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

const works = async (options: BigQueryDataSourceOptions): Promise<void> => {
  await using source = open(options);
  expect((await source.query("select 1 as a")).rows).toEqual([{ a: 1n }]);
};

test("a service account's key as object, JSON text or file signs its own tokens, and names the project", async () => {
  await works({ credentials: { serviceAccountKey: key } });
  await works({ credentials: { serviceAccountKey: JSON.stringify(key) } });
  await works({ credentials: { keyFile } });
  const authorization = String(server.emulator.requests.at(-1)?.headers["authorization"]);
  const claims = JSON.parse(Buffer.from(authorization.split(".")[1] ?? "", "base64url").toString()) as {
    scope: string;
  };
  expect(claims.scope).toContain("https://www.googleapis.com/auth/bigquery");
});

test("application default credentials", async () => {
  vi.stubEnv("GOOGLE_APPLICATION_CREDENTIALS", keyFile);
  await works({});
  await works({ credentials: "application-default", projectId: "test-project" });
  vi.stubEnv("GOOGLE_APPLICATION_CREDENTIALS", join(directory, "missing.json"));
  await using source = open({ projectId: "test-project" });
  await expect(source.query("select 1")).rejects.toMatchObject({
    code: expect.stringMatching(/AUTHENTICATION|CONNECTION/),
  });
  vi.stubEnv("GOOGLE_APPLICATION_CREDENTIALS", undefined);
});

test("a token function is asked once for all, kept until shortly before its end, and again when refused", async () => {
  let calls = 0;
  let current = token;
  const accessToken = async (): Promise<{ token: string; expiresAt: Date }> => {
    calls += 1;
    return { token: current, expiresAt: new Date(Date.now() + 3_600_000) };
  };
  await using source = open({ projectId: "test-project", credentials: { accessToken } });
  await Promise.all(Array.from({ length: 10 }, () => source.query("select 1 as a")));
  expect(calls).toBe(1);
  current = "ya29.the-next-token";
  server.emulator.identity.acceptOnly([current]);
  expect((await source.query("select 2 as a")).rows).toEqual([{ a: 2n }]);
  expect(calls).toBe(2);
  current = "ya29.not-taken";
  server.emulator.identity.acceptOnly(["other"]);
  const before = calls;
  await expect(source.query("select 3 as a")).rejects.toMatchObject({ code: "AUTHENTICATION", isRetryable: false });
  expect(calls - before).toBe(1);
});

test("a token function that fails, or gives nothing, is AUTHENTICATION without its message", async () => {
  for (const accessToken of [() => Promise.reject(new Error("canary-secret-1")), () => ""]) {
    await using source = open({ projectId: "test-project", credentials: { accessToken } });
    const error: unknown = await source.query("select 1").catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "AUTHENTICATION" });
    expect(inspect(error, { depth: 10 })).not.toContain("canary-secret");
  }
  expect(server.emulator.requests).toEqual([]);
});

test("a token function that hangs is CONNECT_TIMEOUT", async () => {
  const accessToken = (): Promise<string> => new Promise(() => undefined);
  await using source = open({ projectId: "test-project", credentials: { accessToken }, connectTimeoutMs: 50 });
  await expect(source.query("select 1")).rejects.toMatchObject({ code: "CONNECT_TIMEOUT", isRetryable: true });
});

test("impersonation: a token of the target, through the delegates, kept until it ends", async () => {
  const impersonate = {
    serviceAccount: "target@test-project.iam.gserviceaccount.com",
    delegates: ["between@test-project.iam.gserviceaccount.com"],
    endpoint: server.emulator.url,
  };
  await using source = open({ credentials: { serviceAccountKey: key }, impersonate });
  await Promise.all([source.query("select 1 as a"), source.query("select 2 as a")]);
  expect(server.emulator.identity.impersonations).toEqual([
    {
      target: impersonate.serviceAccount,
      delegates: impersonate.delegates,
      scope: ["https://www.googleapis.com/auth/bigquery", "https://www.googleapis.com/auth/cloud-platform"],
    },
  ]);
  expect(server.emulator.requests.at(-1)?.headers["authorization"]).toContain(
    `impersonated-${impersonate.serviceAccount}`,
  );
  server.emulator.identity.acceptOnly([]);
  await using refused = open({ projectId: "test-project", credentials: { accessToken: () => token }, impersonate });
  const error: unknown = await refused.query("select 1").catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: "AUTHENTICATION", nativeCode: "401" });
  expect(inspect(error, { depth: 10 })).not.toContain(token);
});

test("the cache identity names the account, never a secret; unknown accounts have none", () => {
  const identity = (options: BigQueryDataSourceOptions): string | undefined => open(options).cacheIdentity;
  const own = identity({ credentials: { serviceAccountKey: key } });
  expect(own).toContain(email);
  expect(own).not.toContain("PRIVATE");
  const target = identity({ credentials: { serviceAccountKey: key }, impersonate: { serviceAccount: "target@x" } });
  expect(target).toContain("target@x");
  expect(identity({ credentials: { serviceAccountKey: key }, dataset: "d" })).not.toBe(own);
  expect(identity({ projectId: "p", credentials: { accessToken: () => token } })).toBeUndefined();
  expect(identity({ projectId: "p" })).toBeUndefined();
  expect(identity({ projectId: "p", credentials: { accessToken: () => token }, cacheIdentity: "me" })).toBe("me");
});

test("wrong options name their field and show no secret", () => {
  const secret = "-----BEGIN PRIVATE KEY----- canary-key";
  const wrong: readonly [unknown, string][] = [
    [{ projectId: "no/slash" }, "projectId"],
    [{ location: "US; drop" }, "location"],
    [{ dataset: "a.b.c`" }, "dataset"],
    [{ maximumBytesBilled: 0 }, "maximumBytesBilled"],
    [{ maximumBytesBilled: 1.5 }, "maximumBytesBilled"],
    [{ apiEndpoint: "http://example.com" }, "apiEndpoint"],
    [{ apiEndpoint: "nonsense" }, "apiEndpoint"],
    [{ credentials: secret }, "credentials"],
    [{ credentials: { serviceAccountKey: secret } }, "credentials.serviceAccountKey"],
    [
      { credentials: { serviceAccountKey: { client_email: "a", private_key: "canary-key" } } },
      "credentials.serviceAccountKey",
    ],
    [{ credentials: { keyFile: join(directory, "missing.json") } }, "credentials.keyFile"],
    [{ credentials: { keyFile, accessToken: () => token } }, "credentials"],
    [{ credentials: { accessToken: token } }, "credentials.accessToken"],
    [{ impersonate: { serviceAccount: "a", lifetime: 5 } }, "impersonate.lifetime"],
    [{ impersonate: { serviceAccount: "" } }, "impersonate.serviceAccount"],
    [{ impersonate: { serviceAccount: "a", endpoint: "http://example.com" } }, "impersonate.endpoint"],
    [{ projectID: "p" }, "projectID"],
  ];
  for (const [options, field] of wrong) {
    const create = (): unknown => createBigQueryDataSource(options as BigQueryDataSourceOptions);
    const error = thrown(create);
    expect(error, field).toMatchObject({ code: "CONFIGURATION", field });
    expect(inspect(error)).not.toContain("canary-key");
  }
});

test("nothing that is shown holds the key or a token", async () => {
  await using source = open({ credentials: { serviceAccountKey: key } });
  server.emulator.fault({ on: "jobs.insert", kind: "error", reason: "invalid", message: `echo ${keys.privateKey}` });
  const error: unknown = await source.query("select 1").catch((caught: unknown) => caught);
  const authorization = String(server.emulator.requests.at(-1)?.headers["authorization"]);
  for (const value of [source, error, await source.check()]) {
    const shown = inspect(value, { depth: 12, getters: true });
    expect(shown).not.toContain(keys.privateKey.slice(40, 80));
    expect(shown).not.toContain(authorization.slice(7));
  }
});
