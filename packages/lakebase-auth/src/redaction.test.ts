import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  type Answer,
  fakeTime,
  fakeWorkspace,
  hang,
  HOST,
  inTurn,
  json,
  jwt,
  M2M_ENV,
  PAT_ENV,
  settle,
  status,
} from "../test/fake-workspace.ts";
import { getOrmConfig } from "./orm-config.ts";
import type { CredentialOptions, ProviderOptions } from "./options.ts";
import { createPasswordProvider } from "./password-provider.ts";
import { getPgConfig } from "./pg-config.ts";
import { externalTokenProvider } from "./providers/external.ts";
import { federatedTokenProvider } from "./providers/federated.ts";
import { m2mTokenProvider } from "./providers/m2m.ts";
import { redact, safeCause } from "./redact.ts";
import { getUsernameWithApiLookup } from "./username.ts";
import { generateDatabaseCredential } from "./generate-credential.ts";

beforeEach(fakeTime);
afterEach(() => vi.useRealTimers());

const BASIC = btoa("client:canary-client-secret");
const SUBJECT = jwt({ iss: "https://idp.example.com", sub: "canary-subject" });

/** Everything that anybody could print. */
function print(value: unknown, seen = new Set<unknown>()): string {
  const parts = [inspect(value, { showHidden: true, depth: Infinity }), String(value)];
  try {
    parts.push(JSON.stringify(value) ?? "");
  } catch {
    // A cycle: inspect has shown it.
  }
  if (value instanceof Error && !seen.has(value)) {
    seen.add(value);
    parts.push(value.message, value.stack ?? "", print(value.cause, seen));
    for (const key of Reflect.ownKeys(value))
      parts.push(inspect(Reflect.get(value, key), { showHidden: true, depth: 9 }));
  }
  return parts.join("\n");
}

/** The secrets that show anywhere in what these values print. */
function leaks(...values: readonly unknown[]): string[] {
  const text = values.map((value) => print(value)).join("\n");
  const secrets = ["canary", BASIC, SUBJECT, SUBJECT.split(".")[1] ?? "", btoa("canary").slice(0, 7)];
  return secrets.filter((secret) => text.includes(secret));
}

test("the check finds what it looks for", () => {
  const hidden = Object.defineProperty(new Error("x", { cause: new Error("y") }), "z", { value: { deep: "canary" } });
  expect(leaks(hidden)).toEqual(["canary"]);
  expect(leaks(new Error("x", { cause: { token: BASIC } }))).toEqual([BASIC]);
});

/** What some HTTP client throws: it quotes the request, the answer and its own options. */
function nasty(init: unknown = {}): Error {
  const quoted = `{"authorization":"Bearer canary-a","token":"canary-b"} client_secret=canary-c ${JSON.stringify(init)}`;
  const cause = Object.assign(new Error(`socket hang up; Authorization: Basic ${BASIC}; cookie: sid=canary-cookie`), {
    code: "ECONNRESET",
    response: { body: "canary-response" },
  });
  return Object.assign(new TypeError(`Can't parse reponse as JSON: ${quoted}`, { cause }), {
    config: { headers: { authorization: "Bearer canary-config" } },
    request: { body: "canary-request" },
    response: { data: { token: "canary-data" } },
    toJSON: () => ({ token: "canary-json" }),
  });
}

const failures: [string, Answer][] = [
  ...[400, 401, 403, 404, 408, 429, 500, 503].map((code): [string, Answer] => [
    `status ${code}`,
    () => json({ message: "token canary-echo", access_token: "canary-echo" }, { "x-debug": "canary-header" }, code),
  ]),
  ["malformed JSON", () => new Response('{"token": "canary-body", "access_token": "canary-body"')],
  ["something else than an object", () => json("canary-body")],
  ["no token", () => json({ other: "canary-body" })],
  ["a redirect", () => status(302, { location: "https://canary.example.com/?token=canary" })],
  ["too large a body", () => new Response("canary ".repeat(50_000))],
  ["hung", hang],
  ["stalled", () => new Response(new ReadableStream({ start: (c) => c.enqueue(new TextEncoder().encode("canary")) }))],
  ["an error in the body", () => new Response(new ReadableStream({ start: (c) => c.error(nasty()) }))],
  ["a fetch that quotes everything", ({ headers, body }) => Promise.reject(nasty([[...headers], body]))],
  [
    "a fetch that quotes secrets bare",
    ({ headers, body }) => {
      const [scheme = "", secret = ""] = (headers.get("authorization") ?? "").split(" ");
      return Promise.reject(new Error(`${secret} ${scheme === "Basic" ? atob(secret) : ""} ${body}`));
    },
  ],
  [
    "an untrusted certificate",
    () => Promise.reject(Object.assign(nasty(), { cause: Object.assign(nasty(), { code: "CERT_HAS_EXPIRED" }) })),
  ],
];

/** Runs a provider's life through a failure, and prints whatever came of it. */
async function live(options: ProviderOptions): Promise<unknown[]> {
  const heard: unknown[] = [];
  const password = createPasswordProvider({
    onLog: (...entry) => heard.push(entry),
    onEvent: (event) => heard.push(event),
    ...options,
  });
  const call = () =>
    password().then(
      () => "served",
      (error: unknown) => error,
    );
  const first = call();
  await vi.advanceTimersByTimeAsync(20_000);
  password.invalidate("canary-db-1");
  const second = call();
  await vi.advanceTimersByTimeAsync(50_000);
  const results = [await first, await second, heard, password];
  expect(heard.length).toBeGreaterThan(1);
  await password.close();
  return [...results, await call()];
}

describe("no secret in any error, log or event: minting answers", () => {
  test.each(failures)("%s", async (_, mint) => {
    for (const env of [M2M_ENV, PAT_ENV]) {
      expect(leaks(await live({ env, fetch: fakeWorkspace({ mint }).fetch }))).toEqual([]);
      const after = inTurn(fakeWorkspace().mint, mint);
      expect(leaks(await live({ env, fetch: fakeWorkspace({ mint: after }).fetch, refresh: "lazy" }))).toEqual([]);
    }
  });
});

describe("no secret in any error, log or event: the token endpoint answers", () => {
  test.each(failures)("%s", async (_, token) => {
    expect(leaks(await live({ env: M2M_ENV, fetch: fakeWorkspace({ token }).fetch }))).toEqual([]);
    const provider = m2mTokenProvider({
      workspaceHost: HOST,
      clientId: "client",
      clientSecret: "canary-client-secret",
      fetch: fakeWorkspace({ token }).fetch,
    });
    const signal = AbortSignal.timeout(0);
    expect(leaks(provider, await provider.getToken({ signal }).catch((error: unknown) => error))).toEqual([]);
  });
});

describe("no secret in any error, log or event: the exchange answers", () => {
  test.each(failures)("%s", async (_, token) => {
    const { fetch } = fakeWorkspace({ token });
    for (const fallback of [false, true]) {
      const subject = externalTokenProvider(() => SUBJECT);
      const tokenProvider = federatedTokenProvider(subject, { workspaceHost: HOST, fetch, fallback });
      expect(
        leaks(await live({ env: PAT_ENV, fetch: fakeWorkspace({ mint: () => status(403) }).fetch, tokenProvider })),
      ).toEqual([]);
      expect(leaks(tokenProvider)).toEqual([]);
      tokenProvider.close();
    }
  });
});

describe("no secret in any error: the look-up of the role answers", () => {
  test.each(failures)("%s", async (_, lookUp) => {
    for (const env of [{ ...PAT_ENV }, { ...M2M_ENV, DATABRICKS_CLIENT_ID: "" }]) {
      const { fetch } = fakeWorkspace({ lookUp });
      const ended = getUsernameWithApiLookup({ env, fetch }).catch((error: unknown) => error);
      await vi.advanceTimersByTimeAsync(20_000);
      expect(await ended).toBeInstanceOf(Error);
      expect(leaks(await ended)).toEqual([]);
    }
  });
});

describe("no secret in any error, log or event: callbacks fail", () => {
  const fails: [string, () => Promise<never>][] = [
    ["with an error that quotes everything", () => Promise.reject(nasty())],
    ["with a text", () => Promise.reject("no: token=canary-text")],
    ["with an object", () => Promise.reject({ token: "canary-object" })],
    [
      "at once",
      () => {
        throw nasty();
      },
    ],
  ];
  const { fetch } = fakeWorkspace();
  const callbacks: [string, (fail: () => Promise<never>) => CredentialOptions][] = [
    ["fetchCredential", (fail) => ({ fetchCredential: fail })],
    ["tokenProvider", (fail) => ({ tokenProvider: { getToken: fail } })],
    ["externalTokenProvider", (fail) => ({ tokenProvider: externalTokenProvider(fail) })],
    ["workspaceClient", (fail) => ({ workspaceClient: { config: { host: HOST, authenticate: fail } } })],
    [
      "a provider behind the exchange",
      (fail) => ({ tokenProvider: federatedTokenProvider({ getToken: fail }, { workspaceHost: HOST, fetch }) }),
    ],
  ];
  for (const [name, options] of callbacks)
    test.each(fails)(`${name} %s`, async (_, fail) => {
      expect(leaks(await live({ env: PAT_ENV, fetch, ...options(fail) }))).toEqual([]);
      const signal = AbortSignal.timeout(0);
      expect(
        leaks(
          await generateDatabaseCredential({ env: PAT_ENV, fetch, signal, ...options(fail) }).catch((e: unknown) => e),
        ),
      ).toEqual([]);
    });

  test("a native password function", async () => {
    await using password = createPasswordProvider({ env: {}, password: () => Promise.reject(nasty()) });
    expect(leaks(await password().catch((error: unknown) => error))).toEqual([]);
  });
});

test("nothing that is handed out prints a secret", async () => {
  const { fetch } = fakeWorkspace();
  const env = { ...M2M_ENV, PGHOST: "ep.example.com" };
  const config = getPgConfig({ env, fetch });
  const orm = getOrmConfig({ env, fetch });
  const native = getPgConfig({ env, password: "canary-native" });
  await Promise.all([config.password(), orm.password(), native.password()]);
  const credential = await generateDatabaseCredential({ env, fetch });
  const token = await m2mTokenProvider({
    workspaceHost: HOST,
    clientId: "c",
    clientSecret: "canary-client-secret",
    fetch,
  }).getToken();
  expect(credential.token).toMatch(/^canary-db-/);
  expect(token.accessToken).toMatch(/^canary-ws-/);
  expect(
    leaks(config, { ...config }, orm, native, credential, { ...credential }, structuredClone(credential), token),
  ).toEqual([]);
  await Promise.all([config.close(), orm.close(), native.close()]);
  await settle();
});

test.each([
  ["token=abc&x=1", "token=[redacted]&x=1"],
  ['{"client_secret": "abc", "id": 1}', '{"client_secret": "[redacted]", "id": 1}'],
  ["Authorization: Bearer abc.def-_", "Authorization: [redacted] [redacted]"],
  ["sent dapi0123456789abcdef-2 there", "sent [redacted] there"],
  ["at https://user:pw@host/path", "at https://user:[redacted]@host/path"],
  [`id ${"f".repeat(40)} end`, "id [redacted] end"],
  ["request 123e4567-e89b-12d3-a456-426614174000 failed", "request 123e4567-e89b-12d3-a456-426614174000 failed"],
  ["plain words stay", "plain words stay"],
])("redact: %s", (text, clean) => {
  expect(redact(text)).toBe(clean);
});

test("a cause keeps its name, codes and causes, and ends", () => {
  const error: Error & { cause?: unknown } = Object.assign(new RangeError("a opaque b"), { code: "X", errno: -1 });
  error.cause = error;
  const clean = safeCause(error, ["opaque", ""]);
  expect(clean).toMatchObject({ name: "RangeError", message: "a [redacted] b", code: "X", errno: -1 });
  expect(Object.hasOwn(clean, "stack")).toBe(false);
  let depth = 0;
  for (let at: unknown = clean; at instanceof Error; at = at.cause) depth += 1;
  expect(depth).toBe(5);
});
