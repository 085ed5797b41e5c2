import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { startLakebaseEmulator, type ApiFault } from "@org/lakebase-emulator";
import { describe, expect, test } from "vitest";
import { type CredentialOptions, generateDatabaseCredential, getUsernameWithApiLookup } from "@org/lakebase-auth";
import { externalTokenProvider, federatedTokenProvider } from "@org/lakebase-auth/token-providers";
import { useEmulator } from "./emulator.ts";
import { failure, jwt } from "./fake-workspace.ts";

// With the runtime's own fetch.
const emulator = useEmulator({ postgres: false });
const mint = (options: CredentialOptions = {}) => generateDatabaseCredential({ env: emulator().env, ...options });
const quick = { attemptTimeoutMs: 300, retry: { delaysMs: [10], budgetMs: 2_000 } };
const routes = ["token", "mintAutoscaling"] as const;

describe.each(routes)("%s", (route) => {
  test.each([301, 302, 303, 307, 308] as const)(
    "a redirect (%i) is refused, and nothing follows it",
    async (redirectStatus) => {
      let strangers = 0;
      const stranger = createServer((_, response) => {
        strangers += 1;
        response.end("{}");
      }).listen(0, "127.0.0.1");
      await new Promise((resolve) => stranger.once("listening", resolve));
      const { port } = stranger.address() as AddressInfo;
      emulator().faults.api(route, { redirect: `http://127.0.0.1:${port}/`, redirectStatus });
      expect(await failure(mint())).toMatchObject({ code: "REDIRECT_REFUSED", status: redirectStatus });
      expect(strangers).toBe(0);
      expect(emulator().counters[route]).toBe(1);
      await new Promise((resolve) => stranger.close(resolve));
    },
  );

  test.each<[string, ApiFault, string, number]>([
    ["an oversized body", { status: 200, body: `{"x": "${"y".repeat(300_000)}"}` }, "RESPONSE_TOO_LARGE", 1],
    ["malformed JSON", "malformed", "MALFORMED_RESPONSE", 1],
    ["403", { status: 403 }, "HTTP_STATUS", 1],
    ["503", { status: 503 }, "HTTP_STATUS", 2],
    ["a reset connection", "reset", "NETWORK", 2],
    ["a hung request", "hang", "TIMEOUT", 2],
    ["a stalled body", "stall", "TIMEOUT", 2],
  ])("%s", async (_, fault, code, requests) => {
    emulator().faults.api(route, fault);
    const error = await failure(mint(quick));
    expect(error).toMatchObject({ code });
    expect(emulator().counters[route]).toBe(requests);
    expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/eyJ|EMULATED|local-emulator-secret/);
    emulator().faults.clear();
    expect((await mint()).token).toMatch(/^eyJ/);
  });

  test("a fault that strikes once is retried", async () => {
    for (const fault of ["reset", { status: 503 }, "hang", "stall"] as const) {
      emulator().faults.api(route, fault, { times: 1 });
      expect((await mint(quick)).token).toMatch(/^eyJ/);
    }
  });
});

test.each<[string, ApiFault]>([
  ["a past expiry", { expiry: "past" }],
  ["a garbage expiry", { expiry: "garbage" }],
  ["no expiry", { expiry: "missing" }],
  ["a Date header two hours off", { date: new Date(Date.now() + 7_200_000) }],
])("%s of a JWT: its own life counts", async (_, fault) => {
  emulator().faults.api("mintAutoscaling", fault);
  const { expiresAt } = await mint();
  expect(Math.abs(expiresAt.getTime() - Date.now() - 3_600_000)).toBeLessThan(5_000);
});

test("a workspace over TLS whose authority is not known gets no secret", async () => {
  await using secure = await startLakebaseEmulator({ postgres: false, apiTls: true });
  expect(await failure(generateDatabaseCredential({ env: secure.env }))).toMatchObject({
    code: "TLS",
    isRetryable: false,
    message: expect.stringMatching(/certificate is not trusted .*NODE_EXTRA_CA_CERTS/),
  });
  expect(secure.counters).toMatchObject({ token: 0, mintAutoscaling: 0 });
});

test("a wrong secret, and an endpoint that does not exist, are told apart", async () => {
  const wrong = { env: { ...emulator().env, DATABRICKS_CLIENT_SECRET: "wrong" } };
  expect((await failure(mint(wrong))).message).toBe(
    "The OAuth token request failed with HTTP 401. Check the client id and secret (DATABRICKS_CLIENT_ID, DATABRICKS_CLIENT_SECRET); the secret may have been rotated.",
  );
  const endpoint = "projects/local/branches/main/endpoints/absent";
  expect((await failure(mint({ endpoint }))).message).toBe(
    `Minting a database credential failed with HTTP 404. The endpoint ${endpoint} was not found in this workspace.`,
  );
});

test("claims reach the workspace", async () => {
  const claims = [{ permission_set: "READ_ONLY", resources: [{ table_name: "c.s.t" }] }] as const;
  await mint({ claims });
  expect(emulator().lastMint?.claims).toEqual(claims);
});

test("the name behind a personal access token", async () => {
  const env = { DATABRICKS_HOST: emulator().workspaceHost, DATABRICKS_TOKEN: emulator().pat };
  expect(await getUsernameWithApiLookup({ env })).toBe(emulator().userName);
  expect(emulator().counters.scimMe).toBe(1);
});

describe("federation", () => {
  const foreign = () => jwt({ iss: "https://idp.example.com", sub: "app", exp: Date.now() / 1000 + 600 });

  test("100 calls are one exchange, and its token mints", async () => {
    const options = { workspaceHost: emulator().workspaceHost, clientId: emulator().clientId };
    const tokenProvider = federatedTokenProvider(externalTokenProvider(foreign), options);
    await Promise.all(Array.from({ length: 100 }, () => tokenProvider.getToken()));
    await mint({ tokenProvider });
    expect(emulator().counters).toMatchObject({ tokenExchange: 1, mintAutoscaling: 1, token: 0 });
    expect(emulator().lastMint?.identity).toBe(emulator().clientId);
    tokenProvider.close();
  });

  test("an issuer without a policy fails, and the foreign token is not sent on", async () => {
    const stranger = externalTokenProvider(() => jwt({ iss: "https://stranger.example.com", sub: "app" }));
    const tokenProvider = federatedTokenProvider(stranger, { workspaceHost: emulator().workspaceHost });
    expect(await failure(mint({ tokenProvider }))).toMatchObject({ status: 400 });
    expect(emulator().counters).toMatchObject({ tokenExchange: 1, mintAutoscaling: 0 });
    const asked = federatedTokenProvider(stranger, { workspaceHost: emulator().workspaceHost, fallback: true });
    expect(await failure(mint({ tokenProvider: asked }))).toMatchObject({ status: 401 });
    expect(emulator().counters.mintAutoscaling).toBe(1);
  });
});
