import { Agent, request } from "node:https";
import { text } from "node:stream/consumers";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type LakebaseEmulator, startLakebaseEmulator } from "../src/index.ts";
import { mint, workspaceToken } from "./support.ts";

let emulator: LakebaseEmulator;
beforeAll(async () => {
  emulator = await startLakebaseEmulator({ postgres: false, tokenLifeMs: 1000, workspaceTokenLifeMs: 90_000 });
});
beforeEach(() => emulator.resetCounters());
afterAll(() => emulator.close());

const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";

interface Answer {
  status: number;
  body: Record<string, unknown>;
}

async function read(response: Response): Promise<Answer> {
  expect(response.headers.get("content-type")).toBe("application/json");
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function tokenRequest(form: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> {
  const body = new URLSearchParams(form);
  return read(await fetch(`${emulator.workspaceHost}/oidc/v1/token`, { method: "POST", headers, body }));
}

function basic(secret = emulator.clientSecret, id = emulator.clientId): Record<string, string> {
  return { authorization: `Basic ${btoa(`${id}:${secret}`)}` };
}

const M2M = { grant_type: "client_credentials", scope: "all-apis" };

function subjectToken(claims: object): string {
  return `${btoa("{}")}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.signature`;
}

async function whoAmI(bearer: string): Promise<Answer> {
  const headers = { authorization: `Bearer ${bearer}` };
  return read(await fetch(`${emulator.workspaceHost}/api/2.0/preview/scim/v2/Me`, { headers }));
}

test("discovery names the token endpoint", async () => {
  const { body } = await read(await fetch(`${emulator.workspaceHost}/oidc/.well-known/oauth-authorization-server`));
  expect(body["token_endpoint"]).toBe(`${emulator.workspaceHost}/oidc/v1/token`);
  expect(emulator.counters).toMatchObject({ discovery: 1, token: 0, notFound: 0 });
});

describe("client credentials", () => {
  test("a token that lives as long as asked for", async () => {
    const { status, body } = await tokenRequest(M2M, basic());
    expect(status).toBe(200);
    expect(body).toMatchObject({ token_type: "Bearer", expires_in: 90, scope: "all-apis" });
    expect((await whoAmI(String(body["access_token"]))).body["userName"]).toBe(emulator.clientId);
    expect(emulator.counters).toMatchObject({ token: 1, tokenExchange: 0, scimMe: 1 });
  });

  test.each([
    ["no authorization", M2M, {}, 401, "invalid_client"],
    [
      "a wrong secret",
      M2M,
      { authorization: `Basic ${btoa("e3a1c0de-0000-4000-8000-000000000001:no")}` },
      401,
      "invalid_client",
    ],
    [
      "an unknown client",
      M2M,
      { authorization: `Basic ${btoa("nobody:local-emulator-secret")}` },
      401,
      "invalid_client",
    ],
    ["no scope", { grant_type: "client_credentials" }, {}, 400, "invalid_scope"],
    ["another grant", { ...M2M, grant_type: "password" }, {}, 400, "unsupported_grant_type"],
    ["no grant", { scope: "all-apis" }, {}, 400, "unsupported_grant_type"],
  ])("%s is refused", async (_, form, headers, status, error) => {
    expect(await tokenRequest(form, headers)).toMatchObject({ status, body: { error } });
    expect(emulator.counters.token).toBe(1);
  });

  test("a JSON body is refused", async () => {
    const headers = { ...basic(), "content-type": "application/json" };
    const url = `${emulator.workspaceHost}/oidc/v1/token`;
    const answer = await read(await fetch(url, { method: "POST", headers, body: JSON.stringify(M2M) }));
    expect(answer).toMatchObject({ status: 400, body: { error: "invalid_request" } });
  });
});

describe("token exchange", () => {
  const form = (claims: object, more: object = {}): Record<string, string> => ({
    grant_type: EXCHANGE,
    scope: "all-apis",
    subject_token: subjectToken(claims),
    subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    ...more,
  });
  const iss = "https://idp.example.com";

  test("a foreign subject becomes a workspace token, with a counter of its own", async () => {
    const { status, body } = await tokenRequest(form({ iss, sub: "ada@example.com", exp: Date.now() / 1000 + 60 }));
    expect(status).toBe(200);
    expect((await whoAmI(String(body["access_token"]))).body["userName"]).toBe("ada@example.com");
    expect(emulator.counters).toMatchObject({ tokenExchange: 1, token: 0 });
  });

  test("with client_id it acts for that service principal", async () => {
    const { body } = await tokenRequest(form({ iss, sub: "repo:x" }, { client_id: emulator.clientId }));
    expect((await whoAmI(String(body["access_token"]))).body["userName"]).toBe(emulator.clientId);
  });

  test.each([
    ["another issuer", form({ iss: "https://evil.example.com", sub: "x" }), 400, "invalid_grant"],
    ["an expired subject token", form({ iss, sub: "x", exp: 1 }), 400, "invalid_grant"],
    ["no subject", form({ iss }), 400, "invalid_grant"],
    ["no JWT", form({}, { subject_token: "garbage" }), 400, "invalid_grant"],
    ["another token type", form({ iss, sub: "x" }, { subject_token_type: "x" }), 400, "invalid_request"],
    ["an unknown client", form({ iss, sub: "x" }, { client_id: "nobody" }), 401, "invalid_client"],
    ["no scope", form({ iss, sub: "x" }, { scope: "" }), 400, "invalid_scope"],
  ])("%s is refused", async (_, body, status, error) => {
    expect(await tokenRequest(body)).toMatchObject({ status, body: { error } });
  });
});

describe("credentials", () => {
  const provisioned = async (body: unknown, bearer = emulator.pat): Promise<Answer> =>
    read(
      await fetch(`${emulator.workspaceHost}/api/2.0/database/credentials`, {
        method: "POST",
        headers: { authorization: `Bearer ${bearer}` },
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
    );

  test("Autoscaling: expire_time, and what was asked for is kept", async () => {
    const claims = [{ permission_set: "READ_ONLY", resources: [{ table_name: "main.public.t" }] }];
    const before = Date.now();
    const { body } = await read(
      await mint(emulator, await workspaceToken(emulator), { endpoint: emulator.endpoint, claims }),
    );
    expect(Object.keys(body)).toEqual(["token", "expire_time"]);
    const expiresAt = Date.parse(String(body["expire_time"]));
    expect(expiresAt).toBeGreaterThanOrEqual(before + 1000);
    expect(expiresAt).toBeLessThanOrEqual(Date.now() + 1000);
    const { iat, exp, sub, endpoint } = JSON.parse(
      Buffer.from(String(body["token"]).split(".")[1] ?? "", "base64url").toString(),
    ) as Record<string, number>;
    expect([Math.round(((exp ?? 0) - (iat ?? 0)) * 1000), sub, endpoint]).toEqual([
      1000,
      emulator.clientId,
      emulator.endpoint,
    ]);
    expect(emulator.lastMint).toEqual({
      route: "mintAutoscaling",
      identity: emulator.clientId,
      endpoint: emulator.endpoint,
      claims,
    });
    expect(emulator.counters).toMatchObject({ mintAutoscaling: 1, mintProvisioned: 0 });
  });

  test("Provisioned: expiration_time, and the request id is kept; a personal access token asks for a user", async () => {
    const { status, body } = await provisioned({ instance_names: [emulator.instanceName], request_id: "r-7" });
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(["token", "expiration_time"]);
    expect(emulator.lastMint).toEqual({
      route: "mintProvisioned",
      identity: "dev@example.com",
      instanceNames: [emulator.instanceName],
      requestId: "r-7",
    });
    expect(emulator.counters).toMatchObject({ mintAutoscaling: 0, mintProvisioned: 1 });
  });

  test("a bad bearer is 401, with an error body like the workspace's", async () => {
    const database = emulator.databaseToken();
    for (const bearer of ["nonsense", database, `${await workspaceToken(emulator)}x`]) {
      const answer = await read(await mint(emulator, bearer));
      expect(answer).toMatchObject({ status: 401, body: { error_code: "UNAUTHENTICATED" } });
      expect(JSON.stringify(answer.body)).not.toContain(bearer);
      expect((await whoAmI(bearer)).status).toBe(401);
      expect((await provisioned({ instance_names: [emulator.instanceName] }, bearer)).status).toBe(401);
    }
  });

  test("revoked workspace tokens are 401; the personal access token is not", async () => {
    const bearer = await workspaceToken(emulator);
    emulator.revokeTokens("database");
    expect((await mint(emulator, bearer)).status).toBe(200);
    emulator.revokeTokens("workspace");
    expect((await mint(emulator, bearer)).status).toBe(401);
    expect((await mint(emulator, await workspaceToken(emulator))).status).toBe(200);
    expect((await mint(emulator, emulator.pat)).status).toBe(200);
    const last = await workspaceToken(emulator);
    emulator.revokeTokens("all");
    expect((await mint(emulator, last)).status).toBe(401);
  });

  test.each([
    [{ endpoint: "projects/p/branches/b/endpoints/other" }, 404, "NOT_FOUND"],
    [{ endpoint: "ep-cool-name.database.example.com" }, 404, "NOT_FOUND"],
    [{ endpoint: "" }, 400, "INVALID_PARAMETER_VALUE"],
    [{ endpoint: 7 }, 400, "INVALID_PARAMETER_VALUE"],
    [{}, 400, "INVALID_PARAMETER_VALUE"],
    [{ endpoint: "projects/local/branches/main/endpoints/primary", claims: "READ" }, 400, "INVALID_PARAMETER_VALUE"],
  ])("Autoscaling %j is %i %s", async (body, status, error_code) => {
    expect(await read(await mint(emulator, emulator.pat, body))).toMatchObject({ status, body: { error_code } });
  });

  test.each([
    [{ instance_names: ["other"] }, 404, "NOT_FOUND"],
    [{ instance_names: ["local-instance", "other"] }, 404, "NOT_FOUND"],
    [{ instance_names: [] }, 400, "INVALID_PARAMETER_VALUE"],
    [{ instance_names: "local-instance" }, 400, "INVALID_PARAMETER_VALUE"],
    [{ instance_names: [1] }, 400, "INVALID_PARAMETER_VALUE"],
    [{}, 400, "INVALID_PARAMETER_VALUE"],
    ["not json", 400, "MALFORMED_REQUEST"],
    ["[]", 400, "MALFORMED_REQUEST"],
  ])("Provisioned %j is %i %s", async (body, status, error_code) => {
    expect(await provisioned(body)).toMatchObject({ status, body: { error_code } });
  });
});

test("any other path or method is 404 and counted as such", async () => {
  const answers = await Promise.all([
    fetch(`${emulator.workspaceHost}/api/2.0/clusters/list`),
    fetch(`${emulator.workspaceHost}/oidc/v1/token`),
  ]);
  expect(answers.map((answer) => answer.status)).toEqual([404, 404]);
  expect(emulator.counters).toMatchObject({ notFound: 2, token: 0 });
});

test("apiTls serves the same over https, verified with emulator.ca", async () => {
  await using secure = await startLakebaseEmulator({ postgres: false, apiTls: true });
  expect(secure.workspaceHost).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
  expect(secure.env["DATABRICKS_HOST"]).toBe(secure.workspaceHost);
  await expect(fetch(`${secure.workspaceHost}/oidc/v1/token`)).rejects.toMatchObject({
    cause: { code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" },
  });
  const outgoing = request(`${secure.workspaceHost}/api/2.0/preview/scim/v2/Me`, {
    agent: new Agent({ ca: secure.ca }),
    headers: { authorization: `Bearer ${secure.pat}` },
  }).end();
  const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
  expect(JSON.parse(await text(incoming))).toMatchObject({ userName: "dev@example.com" });
});

test("without Postgres, what needs it says so", () => {
  expect(emulator.port).toBe(0);
  expect(() => emulator.cutConnections()).toThrow("this emulator was started with postgres: false");
  expect(() => emulator.adminUri).toThrow("this emulator was started with postgres: false");
  expect(emulator.env).not.toHaveProperty("PGPORT");
});

test.each([
  [{ tokenLifeMs: 999 }, "tokenLifeMs: expected milliseconds, at least 1000, got 999"],
  [{ workspaceTokenLifeMs: Number.NaN }, "workspaceTokenLifeMs: expected milliseconds, at least 1000, got NaN"],
  [{ port: 65_536 }, "port: expected a port from 1 to 65535, or 0 for a free one, got 65536"],
  [{ apiPort: 1.5 }, "apiPort: expected a port from 1 to 65535, or 0 for a free one, got 1.5"],
  [{ errorStyle: "neon" as "proxy" }, "errorStyle: expected one of stock, proxy, got neon"],
  [{ postgresVersion: 15 as 16 }, "postgresVersion: expected one of 16, 17, 18, got 15"],
  [
    { endpoint: "ep-1.example.com" },
    'endpoint: expected "projects/<project>/branches/<branch>/endpoints/<endpoint>", got "ep-1.example.com"',
  ],
])("options %j are refused", async (options, message) => {
  await expect(startLakebaseEmulator(options)).rejects.toThrow(message);
});
