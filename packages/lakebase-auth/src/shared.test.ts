import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  accessToken,
  credential,
  failure,
  fakeTime,
  type FakeWorkspace,
  fakeWorkspace,
  hang,
  HOUR,
  M2M_ENV,
  PAT_ENV,
  settle,
} from "../test/fake-workspace.ts";
import type { RefreshListener } from "./events.ts";
import type { ProviderOptions } from "./options.ts";
import { createPasswordProvider, type PasswordProvider } from "./password-provider.ts";
import { m2mTokenProvider } from "./providers/m2m.ts";
import { acquireShared } from "./shared.ts";

beforeEach(fakeTime);
afterEach(() => vi.useRealTimers());

/** How many mints two providers cause between them. */
async function mintsOf(workspace: FakeWorkspace, first: ProviderOptions, second: ProviderOptions): Promise<number> {
  const base = { env: M2M_ENV, fetch: workspace.fetch };
  await using one = createPasswordProvider({ ...base, ...first });
  await using two = createPasswordProvider({ ...base, ...second });
  await Promise.all([one(), two()]);
  return workspace.mints.length;
}

const provider = m2mTokenProvider({ workspaceHost: "https://w.example.com", clientId: "c", clientSecret: "s" });
const own = (accessToken: string) => ({
  getToken: () => Promise.resolve({ accessToken, tokenType: "Bearer", expiresAt: undefined }),
});
const client = () => ({
  config: {
    host: "https://workspace.example.com",
    authenticate: (headers: Headers) => Promise.resolve(headers.set("authorization", "Bearer sdk")),
  },
});
const [mine, yours] = [own("mine"), own("yours")];
const [myClient, yourClient] = [client(), client()];
const shouldRetry = () => false;
const other = "projects/p/branches/b/endpoints/other";

describe("one credential for", () => {
  test.each<[string, ProviderOptions, ProviderOptions]>([
    ["the same options", {}, {}],
    ["another refresh mode and window", { refresh: "eager" }, { refresh: "lazy", earlyRefreshMs: 5 }],
    ["other listeners", { onLog: () => {} }, { onEvent: () => {} }],
    ["other signals", { signal: new AbortController().signal }, {}],
    ["an equal endpoint, from the options and from the environment", { endpoint: M2M_ENV.LAKEBASE_ENDPOINT }, {}],
    ["an equal workspace, written otherwise", { workspaceHost: "workspace.example.com/?o=1" }, {}],
    ["equal claims", { claims: [{ permission_set: "READ_ONLY" }] }, { claims: [{ permission_set: "READ_ONLY" }] }],
    ["equal retry rules", { retry: { delaysMs: [1] } }, { retry: { delaysMs: [1] } }],
    [
      "the defaults, spelt out",
      { retry: { delaysMs: [50, 500, 5000], budgetMs: 15_000 }, attemptTimeoutMs: 10_000 },
      {},
    ],
    ["the same shouldRetry", { retry: { shouldRetry } }, { retry: { shouldRetry } }],
    ["the same token provider", { tokenProvider: mine }, { tokenProvider: mine }],
    ["the same client", { workspaceClient: myClient }, { workspaceClient: myClient }],
  ])("%s", async (_, first, second) => {
    expect(await mintsOf(fakeWorkspace(), first, second)).toBe(1);
  });
});

describe("a credential of its own for", () => {
  const env = (change: object) => ({ env: { ...M2M_ENV, ...change } });
  test.each<[string, ProviderOptions, ProviderOptions]>([
    ["another workspace", { workspaceHost: "https://other.example.com" }, {}],
    ["another identity", env({ DATABRICKS_CLIENT_ID: "other" }), {}],
    ["another secret", env({ DATABRICKS_CLIENT_SECRET: "other" }), {}],
    ["another kind of identity", { env: PAT_ENV }, {}],
    ["another personal access token", { env: PAT_ENV }, { env: { ...PAT_ENV, DATABRICKS_TOKEN: "other" } }],
    ["another environment", env({}), env({})],
    ["another endpoint", { endpoint: other }, {}],
    ["an instance", { instanceName: "shop" }, {}],
    ["claims", { claims: [{ permission_set: "READ_ONLY" }] }, {}],
    ["other delays", { retry: { delaysMs: [1] } }, {}],
    ["another budget", { retry: { budgetMs: 1_000 } }, {}],
    ["another shouldRetry", { retry: { shouldRetry: () => false } }, { retry: { shouldRetry: () => false } }],
    ["another deadline", { attemptTimeoutMs: 1_000 }, {}],
    ["another token provider", { tokenProvider: mine }, { tokenProvider: yours }],
    ["a token provider instead of the environment", { tokenProvider: mine }, {}],
    ["another client, however equal", { workspaceClient: myClient }, { workspaceClient: yourClient }],
    ["share: false", { share: false }, {}],
    ["share: false on both", { share: false }, { share: false }],
  ])("%s", async (_, first, second) => {
    expect(await mintsOf(fakeWorkspace(), first, second)).toBe(2);
  });

  test("another fetch", async () => {
    const [first, second] = [fakeWorkspace(), fakeWorkspace()];
    await mintsOf(first, {}, { fetch: second.fetch });
    expect([first.mints.length, second.mints.length]).toEqual([1, 1]);
  });

  test("every fetchCredential, even the same function", async () => {
    const fetchCredential = vi.fn<() => Promise<{ token: string }>>(() => Promise.resolve({ token: "own" }));
    await mintsOf(fakeWorkspace(), { fetchCredential }, { fetchCredential });
    expect(fetchCredential).toHaveBeenCalledTimes(2);
  });
});

describe("the workspace token from the environment", () => {
  test("is one for all endpoints, and single-flighted", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const workspace = fakeWorkspace({ token: (call, index) => promise.then(() => accessToken(call, index)) });
    const endpoints = Array.from({ length: 20 }, (_, index) => `projects/p/branches/b/endpoints/e${index}`);
    const providers = endpoints.map((endpoint) =>
      createPasswordProvider({ env: { ...M2M_ENV }, fetch: workspace.fetch, endpoint }),
    );
    const calls = providers.map((password) => password());
    await settle();
    resolve();
    await Promise.all(calls);
    expect([workspace.tokens.length, workspace.mints.length]).toEqual([1, 20]);
    await Promise.all(providers.map((password) => password.close()));
  });

  test("goes with its last holder", async () => {
    const workspace = fakeWorkspace();
    for (let round = 1; round <= 3; round++) {
      await using password = createPasswordProvider({ env: M2M_ENV, fetch: workspace.fetch });
      await password();
      expect([workspace.tokens.length, workspace.mints.length]).toEqual([round, round]);
    }
  });
});

describe("holders of one credential", () => {
  const pair = (workspace: FakeWorkspace, options: ProviderOptions = {}): [PasswordProvider, PasswordProvider] => [
    createPasswordProvider({ env: M2M_ENV, fetch: workspace.fetch, ...options }),
    createPasswordProvider({ env: M2M_ENV, fetch: workspace.fetch }),
  ];

  test("share one timer, which stops with the last of them", async () => {
    const workspace = fakeWorkspace();
    const [first, second] = pair(workspace);
    await Promise.all([first(), second()]);
    expect(vi.getTimerCount()).toBe(1);
    await first.close();
    await first.close(); // counts once
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(HOUR);
    expect(workspace.mints).toHaveLength(2);
    expect(await second()).toBe("canary-db-2");
    await second.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  test("renew eagerly while one of them is eager", async () => {
    const workspace = fakeWorkspace();
    const [lazy, eager] = pair(workspace, { refresh: "lazy" });
    await Promise.all([lazy(), eager()]);
    await eager.close();
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(50 * 60_000);
    expect(await lazy()).toBe("canary-db-1");
    expect(workspace.mints).toHaveLength(1);
    await lazy.close();
  });

  test.each(["first", "second"] as const)("the close of the %s fails no wait of the other", async (who) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const workspace = fakeWorkspace({ mint: (call, index) => promise.then(() => credential(HOUR)(call, index)) });
    const [first, second] = pair(workspace);
    const [closing, staying] = who === "first" ? [first, second] : [second, first];
    const rejected = failure(closing());
    const waiting = staying();
    await settle();
    await closing.close();
    expect(await rejected).toMatchObject({ code: "CLOSED" });
    expect(workspace.mints[0]?.signal.aborted).toBe(false);
    resolve();
    expect(await waiting).toBe("canary-db-1");
    await staying.close();
  });

  test("the signal of one fails no wait of the other", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const controller = new AbortController();
    const workspace = fakeWorkspace({ mint: (call, index) => promise.then(() => credential(HOUR)(call, index)) });
    const [first, second] = pair(workspace, { signal: controller.signal });
    const rejected = failure(first());
    const waiting = second();
    await settle();
    controller.abort();
    expect(await rejected).toMatchObject({ code: "CLOSED" });
    resolve();
    expect(await waiting).toBe("canary-db-1");
    await second.close();
  });

  test("the last close aborts the flight, and a new holder starts afresh", async () => {
    const workspace = fakeWorkspace({ mint: hang });
    const [first, second] = pair(workspace);
    await settle();
    await first.close();
    expect(workspace.mints[0]?.signal.aborted).toBe(false);
    await second.close();
    expect(workspace.mints[0]?.signal.aborted).toBe(true);
    workspace.mint = credential(HOUR);
    const [third] = pair(workspace);
    expect(await third()).toBe("canary-db-2");
    await third.close();
  });

  test("all hear of the refreshes, until they close", async () => {
    const [mine, yours] = [vi.fn<RefreshListener>(), vi.fn<RefreshListener>()];
    const workspace = fakeWorkspace();
    const first = createPasswordProvider({ env: M2M_ENV, fetch: workspace.fetch, onEvent: mine });
    const second = createPasswordProvider({ env: M2M_ENV, fetch: workspace.fetch, onEvent: yours });
    await second();
    expect(mine.mock.calls.length).toBeGreaterThan(2);
    const before = mine.mock.calls.length;
    await first.close();
    await vi.advanceTimersByTimeAsync(HOUR);
    expect(mine).toHaveBeenCalledTimes(before);
    expect(yours.mock.calls.length).toBeGreaterThan(before);
    await second.close();
  });

  test("one holder's invalidate is another's refresh", async () => {
    const workspace = fakeWorkspace();
    const [first, second] = pair(workspace);
    first.invalidate(await first());
    expect(await second()).toBe("canary-db-2");
    await Promise.all([first.close(), second.close()]);
  });
});

describe("acquireShared", () => {
  const create = () => ({ close: vi.fn<() => void>() });

  test("tells apart what has equal labels and other references", () => {
    const one = acquireShared({ label: "x", refs: ["secret", provider] }, {}, create);
    const same = acquireShared({ label: "x", refs: ["secret", provider] }, {}, create);
    const others = [["secret", mine], ["other", provider], ["secret"], []].map((refs) =>
      acquireShared({ label: "x", refs }, {}, create),
    );
    expect(same.value).toBe(one.value);
    for (const share of others) expect(share.value).not.toBe(one.value);
    for (const share of [one, ...others]) share.release();
    expect(one.value.close).not.toHaveBeenCalled();
    same.release();
    same.release();
    expect(one.value.close).toHaveBeenCalledOnce();
  });

  test("without a key shares with nobody", () => {
    const [one, two] = [acquireShared(undefined, {}, create), acquireShared(undefined, {}, create)];
    expect(one.value).not.toBe(two.value);
    one.release();
    expect(one.value.close).toHaveBeenCalledOnce();
    expect(two.value.close).not.toHaveBeenCalled();
  });
});
