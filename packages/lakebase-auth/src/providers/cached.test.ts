import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { failure, fakeTime, HOUR, jwt, settle } from "../../test/fake-workspace.ts";
import type { TokenProvider, WorkspaceToken } from "../token-provider.ts";
import { cachedTokenProvider } from "./cached.ts";

beforeEach(fakeTime);
afterEach(() => vi.useRealTimers());

type GetToken = TokenProvider["getToken"];
const token = (accessToken: string, lifeMs?: number): WorkspaceToken => ({
  accessToken,
  tokenType: "Bearer",
  expiresAt: lifeMs === undefined ? undefined : new Date(Date.now() + lifeMs),
});
/** A provider whose n-th token is named n. */
function numbered(lifeMs?: number) {
  let count = 0;
  return vi.fn<GetToken>(() => Promise.resolve(token(String(++count), lifeMs)));
}
const read = async (provider: TokenProvider) => (await provider.getToken()).accessToken;

test("1,000 concurrent calls are one", async () => {
  const getToken = numbered(HOUR);
  const provider = cachedTokenProvider({ getToken });
  const all = await Promise.all(Array.from({ length: 1_000 }, () => read(provider)));
  expect(new Set(all)).toEqual(new Set(["1"]));
  expect(getToken).toHaveBeenCalledOnce();
});

test.each([
  ["five minutes early", HOUR, undefined, 55 * 60_000],
  ["a short one at half its life", 60_000, undefined, 30_000],
  ["as told", HOUR, 60_000, 59 * 60_000],
])("renews %s, and serves the old one meanwhile", async (_, lifeMs, earlyRefreshMs, dueMs) => {
  const getToken = numbered(lifeMs);
  const provider = cachedTokenProvider({ getToken }, earlyRefreshMs === undefined ? {} : { earlyRefreshMs });
  await provider.getToken();
  await vi.advanceTimersByTimeAsync(dueMs - 1);
  expect(await read(provider)).toBe("1");
  await settle();
  expect(getToken).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(await read(provider)).toBe("1");
  await settle();
  expect(await read(provider)).toBe("2");
});

test.each([
  ["fails", () => Promise.reject(new Error("down"))],
  ["hangs", () => new Promise<never>(() => {})],
])("a renewal that %s serves the token that is still valid, then fails", async (_, bad) => {
  const getToken = vi.fn<GetToken>(bad).mockImplementationOnce(() => Promise.resolve(token("1", HOUR)));
  const provider = cachedTokenProvider({ getToken });
  await provider.getToken();
  await vi.advanceTimersByTimeAsync(HOUR - 1);
  expect(await read(provider)).toBe("1");
  await vi.advanceTimersByTimeAsync(1);
  const error = failure(provider.getToken());
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await error).toMatchObject({ name: "CredentialError" });
});

test("a request that hangs ends at its deadline, and the next call succeeds", async () => {
  const getToken = numbered(HOUR).mockImplementationOnce(() => new Promise(() => {}));
  const provider = cachedTokenProvider({ getToken }, { attemptTimeoutMs: 2_000 });
  const error = failure(provider.getToken());
  await vi.advanceTimersByTimeAsync(2_000);
  expect(await error).toMatchObject({ code: "TIMEOUT", message: "The token provider got no answer within 2000 ms." });
  expect(await read(provider)).toBe("1");
});

test("clear forgets, and a request under way does not bring it back", async () => {
  const { promise, resolve } = Promise.withResolvers<WorkspaceToken>();
  const getToken = vi.fn<GetToken>(() => Promise.resolve(token("new", HOUR))).mockImplementationOnce(() => promise);
  const provider = cachedTokenProvider({ getToken });
  const waiting = read(provider);
  await settle();
  provider.clear();
  resolve(token("old", HOUR));
  expect(await waiting).toBe("old");
  expect(await read(provider)).toBe("new");
});

test("invalidate reaches the provider within, and fetches anew", async () => {
  const getToken = numbered();
  const invalidate = vi.fn<(token: string) => void>();
  const provider = cachedTokenProvider({ getToken, invalidate });
  provider.invalidate(await read(provider));
  expect(await read(provider)).toBe("2");
  expect(invalidate.mock.calls).toEqual([["1"]]);
});

test("close rejects what waits and what comes", async () => {
  const provider = cachedTokenProvider({ getToken: () => new Promise(() => {}) });
  const waiting = failure(provider.getToken());
  await settle();
  provider.close();
  provider.close();
  expect(await waiting).toMatchObject({ code: "CLOSED" });
  expect(await failure(provider.getToken())).toMatchObject({ code: "CLOSED" });
  expect(vi.getTimerCount()).toBe(0);
});

describe("how long a token is kept", () => {
  const lifeOf = async (given: unknown): Promise<number> => {
    const getToken = vi.fn<GetToken>(() => Promise.resolve(given as WorkspaceToken));
    const provider = cachedTokenProvider({ getToken }, { earlyRefreshMs: 0 });
    await provider.getToken();
    for (let ms = 0; ms <= 4 * HOUR; ms += 30_000) {
      if (getToken.mock.calls.length > 1) return ms;
      await vi.advanceTimersByTimeAsync(30_000);
      await provider.getToken();
    }
    return Infinity;
  };
  const seconds = (ms: number) => (Date.UTC(2026, 0, 1, 12) + ms) / 1000;

  test.each<[string, () => object, number]>([
    ["a token that says nothing: for ever", () => ({ accessToken: "x" }), Infinity],
    ["its expiry", () => ({ accessToken: "x", expiresAt: new Date(Date.now() + HOUR) }), HOUR],
    ["ISO text", () => ({ accessToken: "x", expiresAt: new Date(Date.now() + HOUR).toISOString() }), HOUR],
    ["an expiry that is garbage: a minute", () => ({ accessToken: "x", expiresAt: "soon" }), 60_000],
    ["a JWT's own expiry", () => ({ accessToken: jwt({ iat: seconds(0), exp: seconds(HOUR) }) }), HOUR],
    [
      "a JWT that was issued a while ago",
      () => ({ accessToken: jwt({ iat: seconds(-HOUR), exp: seconds(HOUR) }) }),
      HOUR,
    ],
    [
      "a JWT from a clock 2 h ahead",
      () => ({ accessToken: jwt({ iat: seconds(2 * HOUR), exp: seconds(3 * HOUR) }) }),
      HOUR,
    ],
    [
      "a JWT from a clock 2 h behind",
      () => ({ accessToken: jwt({ iat: seconds(-2 * HOUR), exp: seconds(-HOUR) }) }),
      HOUR,
    ],
  ])("%s", async (_, given, lifeMs) => {
    expect(await lifeOf(given())).toBe(lifeMs);
  });
});

test.each([undefined, null, {}, { accessToken: "" }, { accessToken: 5 }])("no token is an error: %j", async (given) => {
  const provider = cachedTokenProvider({ getToken: () => Promise.resolve(given as WorkspaceToken) });
  expect(await failure(provider.getToken())).toMatchObject({ code: "EMPTY_TOKEN" });
});
