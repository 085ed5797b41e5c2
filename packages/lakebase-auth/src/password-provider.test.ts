import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  accessToken,
  type Answer,
  credential,
  ENDPOINT,
  failure,
  fakeTime,
  type FakeWorkspace,
  fakeWorkspace,
  hang,
  HOUR,
  M2M_ENV,
  PAT_ENV,
  settle,
  status,
} from "../test/fake-workspace.ts";
import { LakebaseAuthError } from "./errors.ts";
import type { ProviderOptions } from "./options.ts";
import { createPasswordProvider } from "./password-provider.ts";

type FetchCredential = NonNullable<ProviderOptions["fetchCredential"]>;

beforeEach(fakeTime);
afterEach(() => vi.useRealTimers());

const open = (workspace: FakeWorkspace, options: ProviderOptions = {}) =>
  createPasswordProvider({ env: M2M_ENV, fetch: workspace.fetch, ...options });

/** Answers that wait until they are let go. */
function barrier(answer: Answer): { answer: Answer; release: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { answer: (call, index) => promise.then(() => answer(call, index)), release: resolve };
}

describe("single flight", () => {
  test.each(["eager", "lazy"] as const)(
    "%s: 1,000 concurrent first calls are 1 token request and 1 mint",
    async (refresh) => {
      const listen = vi.spyOn(EventTarget.prototype, "addEventListener");
      const [token, mint] = [barrier(accessToken), barrier(credential(HOUR))];
      const workspace = fakeWorkspace({ token: token.answer, mint: mint.answer });
      await using password = open(workspace, { refresh });
      const controller = new AbortController();
      const calls = Array.from({ length: 1_000 }, () => password({ signal: controller.signal }));
      await settle();
      token.release();
      await settle();
      mint.release();
      expect(new Set(await Promise.all(calls))).toEqual(new Set(["canary-db-1"]));
      expect([workspace.tokens.length, workspace.mints.length]).toEqual([1, 1]);
      const perTarget = new Map<unknown, number>();
      for (const target of listen.mock.contexts) perTarget.set(target, (perTarget.get(target) ?? 0) + 1);
      listen.mockRestore();
      expect(perTarget.get(controller.signal)).toBe(1);
      expect(Math.max(...perTarget.values())).toBeLessThan(10); // Node 22 warns about more than ten
    },
  );

  test("over two pools on one endpoint too", async () => {
    const mint = barrier(credential(HOUR));
    const workspace = fakeWorkspace({ mint: mint.answer });
    await using first = open(workspace);
    await using second = open(workspace, { refresh: "lazy" });
    const calls = Array.from({ length: 500 }, () => [first(), second()]).flat();
    await settle();
    mint.release();
    await Promise.all(calls);
    expect([workspace.tokens.length, workspace.mints.length]).toEqual([1, 1]);
  });

  test("a flight that failed is not joined by the next call", async () => {
    const workspace = fakeWorkspace({ mint: () => status(403) });
    await using password = open(workspace, { refresh: "lazy" });
    await Promise.all([failure(password()), failure(password())]);
    expect(workspace.mints).toHaveLength(1);
    workspace.mint = credential(HOUR);
    expect(await password()).toBe("canary-db-2");
  });

  test("the workspace token outlives many credentials", async () => {
    const workspace = fakeWorkspace({ mint: credential(60_000) });
    await using password = open(workspace, { refresh: "lazy" });
    for (let minute = 0; minute < 50; minute++) {
      await password();
      await vi.advanceTimersByTimeAsync(61_000);
    }
    expect(workspace.mints).toHaveLength(50);
    expect(workspace.tokens).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(10 * 60_000);
    await password();
    expect(workspace.tokens).toHaveLength(2);
  });
});

describe("a refused workspace token (401 on mint)", () => {
  test("is renewed once: a new token, and the mint succeeds", async () => {
    const workspace = fakeWorkspace({
      mint: (call, index) =>
        call.headers.get("authorization") === "Bearer canary-ws-1" ? status(401) : credential(HOUR)(call, index),
    });
    await using password = open(workspace);
    expect(await password()).toBe("canary-db-2");
    expect([workspace.tokens.length, workspace.mints.length]).toEqual([2, 2]);
    expect(workspace.mints.map(({ headers }) => headers.get("authorization"))).toEqual([
      "Bearer canary-ws-1",
      "Bearer canary-ws-2",
    ]);
  });

  test("and refused again, fails: 2 tokens, 2 mints", async () => {
    const workspace = fakeWorkspace({ mint: () => status(401) });
    await using password = open(workspace, { refresh: "lazy" });
    expect(await failure(password())).toMatchObject({ status: 401, isRetryable: false });
    expect([workspace.tokens.length, workspace.mints.length]).toEqual([2, 2]);
  });

  test("whose renewal meets a transient failure is renewed at the next attempt", async () => {
    const workspace = fakeWorkspace({
      token: (call, index) => (index === 2 ? status(503) : accessToken(call, index)),
      mint: (call, index) =>
        call.headers.get("authorization") === "Bearer canary-ws-1" ? status(401) : credential(HOUR)(call, index),
    });
    await using password = open(workspace, { refresh: "lazy" });
    const token = password();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await token).toBe("canary-db-3");
    expect(workspace.tokens).toHaveLength(3);
  });

  test("that cannot be renewed, a personal access token, fails: 1 mint", async () => {
    const workspace = fakeWorkspace({ mint: () => status(401) });
    await using password = open(workspace, { env: PAT_ENV, refresh: "lazy" });
    expect(await failure(password())).toMatchObject({ status: 401 });
    expect(workspace.mints).toHaveLength(1);
  });

  test("is renewed once for all attempts together", async () => {
    let renewals = 0;
    const tokenProvider = {
      getToken: () => Promise.resolve({ accessToken: `t${renewals}`, tokenType: "Bearer", expiresAt: undefined }),
      invalidate: () => void (renewals += 1),
    };
    const workspace = fakeWorkspace({ mint: (_, index) => status(index === 2 ? 503 : 401) });
    await using password = open(workspace, { tokenProvider, refresh: "lazy" });
    const error = failure(password());
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await error).toMatchObject({ status: 401 });
    expect([renewals, workspace.mints.length]).toEqual([1, 3]);
  });

  test("of a provider of the user's is reported to it, once", async () => {
    let current = "first";
    const invalidate = vi.fn<(token: string) => void>(() => void (current = "second"));
    const tokenProvider = {
      getToken: () => Promise.resolve({ accessToken: current, tokenType: "Bearer", expiresAt: undefined }),
      invalidate,
    };
    const workspace = fakeWorkspace({
      mint: (call, index) =>
        call.headers.get("authorization") === "Bearer first" ? status(401) : credential(HOUR)(call, index),
    });
    await using password = open(workspace, { tokenProvider });
    expect(await password()).toBe("canary-db-2");
    expect(invalidate.mock.calls).toEqual([["first"]]);
  });
});

describe("the request", () => {
  test("for an Autoscaling endpoint", async () => {
    const workspace = fakeWorkspace();
    await using password = open(workspace, {
      claims: [{ permission_set: "READ_ONLY", resources: [{ table_name: "c.s.t" }] }],
    });
    await password();
    expect(workspace.tokens[0]).toMatchObject({
      url: "https://workspace.example.com/oidc/v1/token",
      body: "grant_type=client_credentials&scope=all-apis",
    });
    expect(workspace.tokens[0]?.headers.get("authorization")).toBe(`Basic ${btoa("client:canary-client-secret")}`);
    expect(workspace.mints[0]?.url).toBe("https://workspace.example.com/api/2.0/postgres/credentials");
    expect(JSON.parse(workspace.mints[0]?.body ?? "")).toEqual({
      endpoint: ENDPOINT,
      claims: [{ permission_set: "READ_ONLY", resources: [{ table_name: "c.s.t" }] }],
    });
  });

  test("for a Provisioned instance, whose expiry has another name", async () => {
    const workspace = fakeWorkspace({
      mint: ({ atMs }, index) =>
        Response.json({ token: `p-${index}`, expiration_time: new Date(atMs + HOUR).toISOString() }),
    });
    await using password = open(workspace, { instanceName: "shop", refresh: "lazy" });
    expect(await password()).toBe("p-1");
    await vi.advanceTimersByTimeAsync(HOUR - 125_000);
    expect(await password()).toBe("p-1");
    expect(workspace.mints).toHaveLength(1);
    expect(workspace.mints[0]?.url).toBe("https://workspace.example.com/api/2.0/database/credentials");
    expect(JSON.parse(workspace.mints[0]?.body ?? "")).toEqual({
      instance_names: ["shop"],
      request_id: expect.stringMatching(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/),
    });
  });

  test("with a personal access token needs no token request", async () => {
    const workspace = fakeWorkspace();
    await using password = open(workspace, { env: PAT_ENV });
    await password();
    expect(workspace.tokens).toHaveLength(0);
    expect(workspace.mints[0]?.headers.get("authorization")).toBe("Bearer canary-pat");
  });

  test.each([
    ["bearer", "Bearer t"],
    ["Bearer", "Bearer t"],
    ["DPoP", "DPoP t"],
    ["two words", "Bearer t"],
  ])("sends the token type %s as %s", async (tokenType, expected) => {
    const workspace = fakeWorkspace();
    const tokenProvider = { getToken: () => Promise.resolve({ accessToken: "t", tokenType, expiresAt: undefined }) };
    await using password = open(workspace, { tokenProvider });
    await password();
    expect(workspace.mints[0]?.headers.get("authorization")).toBe(expected);
  });
});

describe("close", () => {
  test("is idempotent, stops the timer, and later calls reject with CLOSED", async () => {
    const workspace = fakeWorkspace();
    const password = open(workspace);
    await password();
    expect(vi.getTimerCount()).toBe(1);
    await password.close();
    await password.dispose();
    await password[Symbol.asyncDispose]();
    expect(vi.getTimerCount()).toBe(0);
    const error = await failure(password());
    expect(error).toBeInstanceOf(LakebaseAuthError);
    expect(error).toMatchObject({ code: "CLOSED", isRetryable: false });
    expect(error.message).toBe("The password provider was closed. Create a new one to connect again.");
    await vi.advanceTimersByTimeAsync(10 * HOUR);
    expect(workspace.mints).toHaveLength(1);
  });

  test("rejects its waiters and aborts the request, when nobody else has an interest", async () => {
    const workspace = fakeWorkspace({ mint: hang });
    const password = open(workspace);
    const waiting = [failure(password()), failure(password())];
    await settle();
    await password.close();
    for (const error of await Promise.all(waiting)) expect(error).toMatchObject({ code: "CLOSED" });
    expect(workspace.mints[0]?.signal.aborted).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("while a refresh fails leaves no timer behind", async () => {
    const workspace = fakeWorkspace({ mint: () => status(503) });
    const password = open(workspace);
    await settle();
    await password.close();
    await settle();
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(HOUR);
    expect(workspace.mints).toHaveLength(1);
  });

  test("by the signal of the options", async () => {
    const controller = new AbortController();
    const workspace = fakeWorkspace({ mint: hang });
    const password = open(workspace, { signal: controller.signal });
    const error = failure(password());
    await settle();
    controller.abort();
    expect(await error).toMatchObject({ code: "CLOSED" });
    expect(workspace.mints[0]?.signal.aborted).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("by a signal that has already aborted: no request", async () => {
    const workspace = fakeWorkspace();
    const password = open(workspace, { signal: AbortSignal.abort() });
    expect(await failure(password())).toMatchObject({ code: "CLOSED" });
    await settle();
    expect([workspace.tokens.length, workspace.mints.length]).toEqual([0, 0]);
  });
});

test("a call's own signal ends that call only", async () => {
  const mint = barrier(credential(HOUR));
  const workspace = fakeWorkspace({ mint: mint.answer });
  await using password = open(workspace, { refresh: "lazy" });
  const controller = new AbortController();
  const impatient = failure(password({ signal: controller.signal }));
  const patient = password();
  await settle();
  controller.abort(new Error("no time"));
  expect(await impatient).toMatchObject({ message: "no time" });
  mint.release();
  expect(await patient).toBe("canary-db-1");
  expect(await failure(password({ signal: AbortSignal.abort(new Error("gone")) }))).toMatchObject({ message: "gone" });
});

test("what a driver passes to the function is no signal", async () => {
  await using password = open(fakeWorkspace());
  const driver = password as (options: unknown) => Promise<string>;
  for (const argument of [{ signal: "SIGTERM" }, { user: "app" }, null, "x"])
    expect(await driver(argument)).toBe("canary-db-1");
});

describe("fetchCredential", () => {
  test.each([
    ["a Date", (ms: number) => new Date(ms)],
    ["epoch milliseconds", (ms: number) => ms],
    ["ISO text", (ms: number) => new Date(ms).toISOString()],
  ])("replaces the workspace; its expiry may be %s", async (_, expiry) => {
    const fetchCredential = vi.fn<FetchCredential>(() =>
      Promise.resolve({ token: "own", expiresAt: expiry(Date.now() + 600_000) }),
    );
    await using password = createPasswordProvider({ env: {}, fetchCredential, refresh: "lazy" });
    expect(await password()).toBe("own");
    await vi.advanceTimersByTimeAsync(479_000);
    await password();
    expect(fetchCredential).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(122_000);
    await password();
    expect(fetchCredential).toHaveBeenCalledTimes(2);
  });

  test("is called anew after a transient failure, and stopped by its signal", async () => {
    const failing = Object.assign(new Error("x"), { status: 503 });
    const fetchCredential = vi.fn<FetchCredential>().mockRejectedValueOnce(failing).mockResolvedValue({ token: "own" });
    await using password = createPasswordProvider({ env: {}, fetchCredential });
    const token = password();
    await vi.advanceTimersByTimeAsync(100);
    expect(await token).toBe("own");
    expect(fetchCredential.mock.calls[0]?.[0]).toEqual({ signal: expect.any(AbortSignal) });
  });

  test.each([undefined, null, {}, { token: "" }, { token: "  " }, { token: 7 }, "text"])(
    "that returns no token fails, once: %j",
    async (result) => {
      const fetchCredential = vi.fn<FetchCredential>(() => Promise.resolve(result as never));
      await using password = createPasswordProvider({ env: {}, fetchCredential, refresh: "lazy" });
      expect(await failure(password())).toMatchObject({ code: "EMPTY_TOKEN" });
      expect(fetchCredential).toHaveBeenCalledOnce();
    },
  );
});

describe("an answer of the workspace", () => {
  test.each([
    ["no token", () => Response.json({ expire_time: "2026-01-01T13:00:00Z" }), "EMPTY_TOKEN"],
    ["an empty token", () => Response.json({ token: "" }), "EMPTY_TOKEN"],
    ["an array", () => Response.json([{ token: "x" }]), "MALFORMED_RESPONSE"],
    ["null", () => Response.json(null), "MALFORMED_RESPONSE"],
    ["half a body", () => new Response('{"token": "x"'), "MALFORMED_RESPONSE"],
    ["a page", () => new Response("<html>sign in</html>"), "MALFORMED_RESPONSE"],
    ["an empty body", () => new Response(null, { status: 200 }), "MALFORMED_RESPONSE"],
    ["a redirect", () => status(302, { location: "https://elsewhere.example.com" }), "REDIRECT_REFUSED"],
    ["a body of 300 kB", () => new Response("x".repeat(300_000)), "RESPONSE_TOO_LARGE"],
  ])("with %s fails: 1 request, nothing of the body in the error", async (_, answer, code) => {
    const workspace = fakeWorkspace({ mint: answer });
    await using password = open(workspace, { refresh: "lazy" });
    const error = await failure(password());
    expect(error).toMatchObject({ code, isRetryable: false });
    expect(workspace.mints).toHaveLength(1);
    expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/canary|sign in|elsewhere.example|xxx/);
  });

  test("without an end is not read to its end", async () => {
    let sent = 0;
    const endless = new ReadableStream({
      pull: (controller) => {
        sent += 65_536;
        controller.enqueue(new Uint8Array(65_536));
      },
    });
    await using password = open(fakeWorkspace({ mint: () => new Response(endless) }), { refresh: "lazy" });
    expect(await failure(password())).toMatchObject({ code: "RESPONSE_TOO_LARGE" });
    expect(sent).toBeLessThan(1_000_000);
  });
});

describe("a native password", () => {
  test("skips OAuth", async () => {
    const workspace = fakeWorkspace();
    await using password = createPasswordProvider({ env: {}, fetch: workspace.fetch, password: "native" });
    expect(await password()).toBe("native");
    password.invalidate("native");
    expect(await password()).toBe("native");
    expect([workspace.tokens.length, workspace.mints.length]).toEqual([0, 0]);
  });

  test("may be a function, called for every connection", async () => {
    const read = vi.fn<() => string>(() => "from-vault");
    await using password = createPasswordProvider({ env: {}, password: read });
    expect([await password(), await password()]).toEqual(["from-vault", "from-vault"]);
    expect(read).toHaveBeenCalledTimes(2);
  });

  test("function that fails, or returns nothing, is told apart", async () => {
    const failing = () => Promise.reject(new Error("vault password=canary sealed"));
    await using first = createPasswordProvider({ env: {}, password: failing });
    const error = await failure(first());
    expect(error).toMatchObject({ code: "PROVIDER_FAILED", message: "password() failed." });
    expect(inspect(error)).not.toContain("canary");
    await using second = createPasswordProvider({ env: {}, password: () => "" });
    expect(await failure(second())).toMatchObject({ code: "EMPTY_TOKEN" });
  });

  test("hung is ended by close and by a signal", async () => {
    const password = createPasswordProvider({ env: {}, password: () => new Promise<string>(() => {}) });
    const controller = new AbortController();
    const impatient = failure(password({ signal: controller.signal }));
    const waiting = failure(password());
    controller.abort(new Error("no time"));
    expect(await impatient).toMatchObject({ message: "no time" });
    await password.close();
    expect(await waiting).toMatchObject({ code: "CLOSED" });
    expect(await failure(password())).toMatchObject({ code: "CLOSED" });
    expect(vi.getTimerCount()).toBe(0);
  });
});
