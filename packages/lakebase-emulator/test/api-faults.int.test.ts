import { once } from "node:events";
import { get } from "node:https";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type ApiRoute, type LakebaseEmulator, startLakebaseEmulator } from "../src/index.ts";
import { mint, workspaceToken } from "./support.ts";

let emulator: LakebaseEmulator;
beforeAll(async () => {
  emulator = await startLakebaseEmulator({ postgres: false, tokenLifeMs: 60_000 });
});
beforeEach(() => emulator.resetCounters());
afterEach(() => emulator.faults.clear());
afterAll(() => emulator.close());

const ask = (signal?: AbortSignal): Promise<Response> => mint(emulator, emulator.pat, undefined, signal);
const json = async (response: Response): Promise<Record<string, unknown>> =>
  (await response.json()) as Record<string, unknown>;

test("a status, with Retry-After and a body of any size", async () => {
  emulator.faults.api("mintAutoscaling", { status: 429, retryAfter: 7 }, { times: 1 });
  emulator.faults.api("mintAutoscaling", { status: 503, body: "<html>down</html>" }, { times: 1 });
  emulator.faults.api("mintAutoscaling", { status: 200, body: { token: "x".repeat(3_000_000) } }, { times: 1 });

  const first = await ask();
  expect([first.status, first.headers.get("retry-after")]).toEqual([429, "7"]);
  expect(await first.json()).toEqual({ error_code: "EMULATED_FAULT", message: "A fault was asked for." });
  const second = await ask();
  expect([second.status, second.headers.get("retry-after"), await second.text()]).toEqual([
    503,
    null,
    "<html>down</html>",
  ]);
  expect((await (await ask()).text()).length).toBe(3_000_012);
  expect((await ask()).status).toBe(200);
  expect(emulator.counters.mintAutoscaling).toBe(4);
});

test("times counts requests, and only those of the route", async () => {
  emulator.faults.api("token", { status: 500 }, { times: 2 });
  expect((await ask()).status).toBe(200);
  await expect(workspaceToken(emulator)).resolves.toBeUndefined();
  await expect(workspaceToken(emulator)).resolves.toBeUndefined();
  await expect(workspaceToken(emulator)).resolves.toEqual(expect.any(String));
});

test.each<[ApiRoute, string, RequestInit]>([
  ["discovery", "/oidc/.well-known/oauth-authorization-server", {}],
  ["token", "/oidc/v1/token", { method: "POST", body: "grant_type=client_credentials" }],
  [
    "tokenExchange",
    "/oidc/v1/token",
    { method: "POST", body: "grant_type=urn:ietf:params:oauth:grant-type:token-exchange" },
  ],
  ["mintAutoscaling", "/api/2.0/postgres/credentials", { method: "POST" }],
  ["mintProvisioned", "/api/2.0/database/credentials", { method: "POST" }],
  ["scimMe", "/api/2.0/preview/scim/v2/Me", {}],
])("%s: a fault of its own, then one for all", async (route, path, init) => {
  emulator.faults.api(route, { status: 418 }, { times: 1 });
  emulator.faults.api("all", { status: 503 });
  const statuses = [];
  for (let i = 0; i < 2; i++) statuses.push((await fetch(emulator.workspaceHost + path, init)).status);
  expect(statuses).toEqual([418, 503]);
  expect(emulator.counters[route]).toBe(2);
});

test("hang: no answer; lifting it lets the next request through", async () => {
  const lift = emulator.faults.api("mintAutoscaling", "hang");
  await expect(ask(AbortSignal.timeout(200))).rejects.toThrow("timeout");
  lift();
  expect((await ask()).status).toBe(200);
  expect(emulator.counters.mintAutoscaling).toBe(2);
});

test("hold: requests wait for the lift, and are then answered as usual", async () => {
  const lift = emulator.faults.api("mintAutoscaling", "hold", { times: 2 });
  let answered = 0;
  const held = [ask(), ask()].map((request) =>
    request.then((response) => {
      answered += 1;
      return response.status;
    }),
  );
  await expect.poll(() => emulator.counters.mintAutoscaling).toBe(2);
  expect((await ask()).status).toBe(200);
  expect(answered).toBe(0);
  lift();
  expect(await Promise.all(held)).toEqual([200, 200]);
});

test("stall: headers and half of the body", async () => {
  emulator.faults.api("mintAutoscaling", "stall");
  const response = await ask(AbortSignal.timeout(500));
  expect(response.status).toBe(200);
  const reader = response.body?.getReader();
  const part = await reader?.read();
  expect(Buffer.from(part?.value ?? []).toString()).toMatch(/^\{"token":"ey/);
  await expect(reader?.read()).rejects.toThrow("timeout");
});

test("malformed: the token is there, and the JSON is not", async () => {
  emulator.faults.api("mintAutoscaling", "malformed");
  const body = await (await ask()).text();
  expect(body).toMatch(/^\{"token":"ey.*"$/);
  expect(() => JSON.parse(body) as unknown).toThrow(SyntaxError);
});

test("reset: the connection breaks, over http and https", async () => {
  emulator.faults.api("mintAutoscaling", "reset");
  await expect(ask()).rejects.toMatchObject({ cause: { code: "ECONNRESET" } });

  await using secure = await startLakebaseEmulator({ postgres: false, apiTls: true });
  secure.faults.api("all", "reset");
  const outgoing = get(`${secure.workspaceHost}/api/2.0/preview/scim/v2/Me`, { ca: secure.ca });
  const [error] = (await once(outgoing, "error")) as [NodeJS.ErrnoException];
  expect(error.code).toBe("ECONNRESET");
});

test("redirect", async () => {
  emulator.faults.api("mintAutoscaling", { redirect: "http://127.0.0.1:9/elsewhere" }, { times: 1 });
  emulator.faults.api("mintAutoscaling", { redirect: "http://127.0.0.1:9/elsewhere", redirectStatus: 307 });
  for (const status of [302, 307]) {
    const response = await ask();
    expect([response.status, response.headers.get("location")]).toEqual([status, "http://127.0.0.1:9/elsewhere"]);
  }
});

test("a wrong Date header, further headers, a delay", async () => {
  const date = new Date(Date.now() - 7_200_000);
  emulator.faults.api("mintAutoscaling", { date, headers: { age: "30" } }, { times: 1 });
  emulator.faults.api("mintAutoscaling", { date: "not a date" }, { times: 1 });
  emulator.faults.api("mintAutoscaling", { delayMs: 300 }, { times: 1 });
  const first = await ask();
  expect([first.headers.get("date"), first.headers.get("age")]).toEqual([date.toUTCString(), "30"]);
  expect((await json(first))["token"]).toEqual(expect.any(String));
  expect((await ask()).headers.get("date")).toBe("not a date");
  const before = performance.now();
  expect((await ask()).status).toBe(200);
  expect(performance.now() - before).toBeGreaterThanOrEqual(290);
});

test("expiry: past, garbage, missing or any text, in the field of each route", async () => {
  const provisioned = (): Promise<Response> =>
    fetch(`${emulator.workspaceHost}/api/2.0/database/credentials`, {
      method: "POST",
      headers: { authorization: `Bearer ${emulator.pat}` },
      body: JSON.stringify({ instance_names: [emulator.instanceName] }),
    });
  const token = (): Promise<Response> =>
    fetch(`${emulator.workspaceHost}/oidc/v1/token`, {
      method: "POST",
      headers: { authorization: `Basic ${btoa(`${emulator.clientId}:${emulator.clientSecret}`)}` },
      body: new URLSearchParams({ grant_type: "client_credentials", scope: "all-apis" }),
    });
  for (const [request, field] of [
    [ask, "expire_time"],
    [provisioned, "expiration_time"],
    [token, "expires_in"],
  ] as const) {
    emulator.faults.clear();
    emulator.faults.api("all", { expiry: "past" }, { times: 1 });
    emulator.faults.api("all", { expiry: "garbage" }, { times: 1 });
    emulator.faults.api("all", { expiry: "missing" }, { times: 1 });
    emulator.faults.api("all", { expiry: "2099-01-01T00:00:00Z" }, { times: 1 });
    const past = (await json(await request()))[field];
    const seconds = typeof past === "number" ? past : (Date.parse(String(past)) - Date.now()) / 1000;
    expect(Math.round(seconds / 10)).toBe(-6);
    expect((await json(await request()))[field]).toBe("soon");
    expect(await json(await request())).not.toHaveProperty(field);
    expect((await json(await request()))[field]).toBe("2099-01-01T00:00:00Z");
  }
});

test("a fault that fails the request grants nothing", async () => {
  await ask();
  const before = emulator.lastMint;
  emulator.faults.api("mintAutoscaling", { status: 500 });
  await ask();
  expect(emulator.lastMint).toBe(before);
});

test("times must be at least 1", () => {
  expect(() => emulator.faults.api("all", "hang", { times: 0 })).toThrow("times: expected at least 1, got 0");
});

test("close ends requests that hang, are held or are delayed", async () => {
  const other = await startLakebaseEmulator({ postgres: false });
  other.faults.api("all", "hang", { times: 1 });
  other.faults.api("all", "hold", { times: 1 });
  other.faults.api("all", { delayMs: 3_600_000 }, { times: 1 });
  const requests = [1, 2, 3].map(() => mint(other, other.pat).catch(() => "ended"));
  await expect.poll(() => other.counters.mintAutoscaling).toBe(3);
  await other.close();
  expect(await Promise.all(requests)).toEqual(["ended", "ended", "ended"]);
});
