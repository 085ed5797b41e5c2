import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  type Answer,
  credential,
  deaf,
  failure,
  fakeTime,
  type FakeWorkspace,
  fakeWorkspace,
  hang,
  HOUR,
  inTurn,
  M2M_ENV,
  networkFailure,
  NOON,
  settle,
  status,
} from "../test/fake-workspace.ts";
import { CredentialError, LakebaseAuthError } from "./errors.ts";
import { generateDatabaseCredential } from "./generate-credential.ts";
import type { CredentialOptions } from "./options.ts";
import { createPasswordProvider } from "./password-provider.ts";
import { isTransient } from "./retry.ts";

let random = 0;
beforeEach(() => {
  fakeTime();
  random = 0;
  vi.spyOn(Math, "random").mockImplementation(() => random);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const mint = (workspace: FakeWorkspace, options: CredentialOptions = {}) =>
  generateDatabaseCredential({ env: M2M_ENV, fetch: workspace.fetch, ...options });
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const times = ({ mints }: FakeWorkspace) => mints.map(({ atMs }) => atMs - NOON);

/** Runs one mint for a minute. */
async function outcome(answer: Answer, options: CredentialOptions = {}) {
  const workspace = fakeWorkspace({ mint: answer });
  let endedMs = Number.NaN;
  const ended = mint(workspace, options).then(
    ({ token }) => ((endedMs = Date.now() - NOON), token),
    (error: unknown) => ((endedMs = Date.now() - NOON), error),
  );
  await pass(60_000);
  return { workspace, times: times(workspace), result: await ended, endedMs };
}

describe("what is transient is retried", () => {
  test.each<[string, Answer]>([
    ["408", () => status(408)],
    ["429", () => status(429)],
    ["500", () => status(500)],
    ["502", () => status(502)],
    ["503", () => status(503)],
    ["504", () => status(504)],
    ["no network", networkFailure],
  ])("%s: at 50, 550 and 5,550 ms", async (_, answer) => {
    const { times, result } = await outcome(answer);
    expect(times).toEqual([0, 50, 550, 5_550]);
    expect(result).toMatchObject({ name: "CredentialError", isRetryable: true });
  });

  test("with up to 50 % jitter", async () => {
    random = 1 - Number.EPSILON;
    expect((await outcome(() => status(503))).times).toEqual([0, 75, 825, 8_325]);
  });

  test("and succeeds as soon as the server does", async () => {
    const { times, result } = await outcome(inTurn(() => status(503), networkFailure, credential(HOUR)));
    expect(times).toEqual([0, 50, 550]);
    expect(result).toBe("canary-db-3");
  });

  test("on the way to the workspace token as well", async () => {
    const workspace = fakeWorkspace({
      token: inTurn(
        () => status(503),
        () => status(429),
        fakeWorkspace().token,
      ),
    });
    const done = mint(workspace);
    await pass(600);
    expect((await done).token).toBe("canary-db-1");
    expect(workspace.tokens.map(({ atMs }) => atMs - NOON)).toEqual([0, 50, 550]);
  });

  test("with a schedule of the user's", async () => {
    const { times } = await outcome(() => status(503), { retry: { delaysMs: [1_000, 20] } });
    expect(times).toEqual([0, 1_000, 1_020]);
  });
});

describe("what is permanent fails at once", () => {
  test.each([400, 401, 403, 404, 409, 422])("%i: 1 request", async (code) => {
    // A personal access token cannot be renewed, so that a 401 is final too.
    const env = { ...M2M_ENV, DATABRICKS_CLIENT_SECRET: "", DATABRICKS_TOKEN: "canary-pat" };
    const { times, result, endedMs } = await outcome(() => status(code), { env });
    expect(times).toEqual([0]);
    expect(endedMs).toBe(0);
    expect(result).toMatchObject({ name: "CredentialError", code: "HTTP_STATUS", status: code, isRetryable: false });
  });

  test.each([400, 401, 403])("%i from the token endpoint: 1 request", async (code) => {
    const workspace = fakeWorkspace({ token: () => status(code) });
    expect(await failure(mint(workspace))).toMatchObject({ status: code });
    expect(workspace.tokens).toHaveLength(1);
    expect(workspace.mints).toHaveLength(0);
  });

  test("an untrusted certificate: 1 request, and the way out", async () => {
    const untrusted: Answer = () =>
      Promise.reject(
        new TypeError("fetch failed", { cause: Object.assign(new Error("x"), { code: "SELF_SIGNED_CERT_IN_CHAIN" }) }),
      );
    const { times, result } = await outcome(untrusted);
    expect(times).toEqual([0]);
    expect(result).toMatchObject({ code: "TLS", message: expect.stringContaining("NODE_EXTRA_CA_CERTS") });
  });

  test("a configuration error: no request", async () => {
    const workspace = fakeWorkspace();
    expect(await failure(mint(workspace, { env: {} }))).toMatchObject({ code: "CONFIGURATION" });
    expect([workspace.tokens.length, workspace.mints.length]).toEqual([0, 0]);
  });

  test("a configuration error of the user's provider: 1 call", async () => {
    const refuse = () => Promise.reject(new LakebaseAuthError("no", { code: "CONFIGURATION" }));
    const getToken = vi.fn<() => Promise<never>>(refuse);
    const workspace = fakeWorkspace();
    expect(await failure(mint(workspace, { tokenProvider: { getToken } }))).toMatchObject({ code: "CONFIGURATION" });
    expect(getToken).toHaveBeenCalledOnce();
  });
});

describe("Retry-After", () => {
  test("in seconds is honoured", async () => {
    const { times } = await outcome(inTurn(() => status(429, { "retry-after": "3" }), credential(HOUR)));
    expect(times).toEqual([0, 3_000]);
  });

  test("as a date is read by the server's clock", async () => {
    const headers = { "retry-after": "Thu, 01 Jan 2026 15:00:04 GMT", date: "Thu, 01 Jan 2026 15:00:00 GMT" };
    expect((await outcome(inTurn(() => status(503, headers), credential(HOUR)))).times).toEqual([0, 4_000]);
  });

  test.each(["", "soon", "-1", "Thu, 01 Jan 2001 00:00:00 GMT"])("that says nothing is ignored: %j", async (value) => {
    const { times } = await outcome(inTurn(() => status(503, { "retry-after": value }), credential(HOUR)));
    expect(times).toEqual([0, 50]);
  });

  test("beyond the budget fails the caller at once, and names the wait", async () => {
    const { times, result, endedMs } = await outcome(() => status(429, { "retry-after": "3600" }));
    expect(times).toEqual([0]);
    expect(endedMs).toBe(0);
    expect(result).toMatchObject({ status: 429, retryAfterMs: 3_600_000 });
  });
});

describe("one budget for a caller's wait", () => {
  test("15 s by default, over all steps and attempts", async () => {
    const { result, endedMs } = await outcome(hang);
    expect(result).toMatchObject({ code: "TIMEOUT", isRetryable: true, message: expect.stringContaining("15000 ms") });
    expect(endedMs).toBe(15_000);
  });

  test("of the user's", async () => {
    expect((await outcome(hang, { retry: { budgetMs: 700 } })).endedMs).toBe(700);
  });

  test("a pause that would outlast it is not begun: the caller sees the cause, not a timeout", async () => {
    const slow: Answer = async (call, index) => {
      await new Promise((resolve) => setTimeout(resolve, 9_000));
      return fakeWorkspace().token(call, index);
    };
    const workspace = fakeWorkspace({ token: slow, mint: () => status(503) });
    const error = failure(mint(workspace));
    await pass(60_000);
    expect(await error).toMatchObject({ code: "HTTP_STATUS", status: 503 });
    expect(times(workspace)).toEqual([9_000, 9_050, 9_550, 14_550]);
    const short = fakeWorkspace({ token: slow, mint: () => status(503) });
    const sooner = failure(mint(short, { retry: { budgetMs: 14_000 } }));
    await pass(9_600);
    expect(await sooner).toMatchObject({ code: "HTTP_STATUS", status: 503 });
  });
});

describe("abort", () => {
  test("ends the wait for a hung request, and the request", async () => {
    const controller = new AbortController();
    const workspace = fakeWorkspace({ mint: hang });
    const error = failure(mint(workspace, { signal: controller.signal }));
    await settle();
    controller.abort(new Error("enough"));
    expect(await error).toMatchObject({ message: "enough" });
    expect(workspace.mints[0]?.signal.aborted).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("ends a pause between attempts", async () => {
    const controller = new AbortController();
    const workspace = fakeWorkspace({ mint: () => status(503) });
    const error = failure(mint(workspace, { signal: controller.signal }));
    await pass(1_000);
    controller.abort(new Error("enough"));
    expect(await error).toMatchObject({ message: "enough" });
    await pass(60_000);
    expect(times(workspace)).toEqual([0, 50, 550]);
  });

  test("before the start sends nothing", async () => {
    const workspace = fakeWorkspace();
    const reason = new Error("too late");
    expect(await failure(mint(workspace, { signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(workspace.tokens).toHaveLength(0);
  });
});

describe("shouldRetry", () => {
  test("can retry what is permanent, and sees the error", async () => {
    const is404 = (error: unknown) => error instanceof CredentialError && error.status === 404;
    const shouldRetry = vi.fn<(error: unknown) => boolean>(is404);
    const { times, result } = await outcome(
      inTurn(() => status(404), credential(HOUR)),
      { retry: { shouldRetry } },
    );
    expect(times).toEqual([0, 50]);
    expect(result).toBe("canary-db-2");
    expect(shouldRetry).toHaveBeenCalledOnce();
  });

  test("can refuse to retry what is transient", async () => {
    expect((await outcome(() => status(503), { retry: { shouldRetry: () => false } })).times).toEqual([0]);
  });
});

describe("every attempt has a deadline", () => {
  test.each<[string, Answer]>([
    ["a hung request", hang],
    ["a request deaf to its signal", deaf],
    ["headers, then a stalled body", () => new Response(new ReadableStream({ start: () => {} }))],
    [
      "headers, half a body, then nothing",
      () => new Response(new ReadableStream({ start: (c) => c.enqueue(new TextEncoder().encode('{"token": "can')) })),
    ],
  ])("%s: 10 s, then the next attempt", async (_, answer) => {
    const { times, result } = await outcome(inTurn(answer, credential(HOUR)));
    expect(times).toEqual([0, 10_050]);
    expect(result).toBe("canary-db-2");
  });

  test.each<[string, Answer]>([
    ["a hung request", hang],
    ["a request deaf to its signal", deaf],
    ["a stalled body", () => new Response(new ReadableStream({ start: () => {} }))],
  ])("%s releases its slot: the next call succeeds", async (_, answer) => {
    const workspace = fakeWorkspace({ mint: inTurn(answer, answer, credential(HOUR)) });
    const password = createPasswordProvider({ env: M2M_ENV, fetch: workspace.fetch, refresh: "lazy" });
    const error = failure(password());
    await pass(15_000);
    expect(await error).toMatchObject({ code: "TIMEOUT" });
    expect(await password()).toBe("canary-db-3");
    await password.close();
  });

  test("of the user's length", async () => {
    const { times } = await outcome(hang, { attemptTimeoutMs: 1_000, retry: { delaysMs: [100] } });
    expect(times).toEqual([0, 1_100]);
  });

  test("a hung token request too: the next call succeeds", async () => {
    const workspace = fakeWorkspace({ token: inTurn(hang, hang, fakeWorkspace().token) });
    const password = createPasswordProvider({ env: M2M_ENV, fetch: workspace.fetch, refresh: "lazy" });
    const error = failure(password());
    await pass(15_000);
    expect(await error).toMatchObject({ code: "TIMEOUT" });
    const next = password();
    await pass(5_200); // what is left of the second attempt, and the pause
    expect(await next).toBe("canary-db-1");
    await password.close();
  });
});

test("retries stop when nobody waits any more: the background schedule takes over", async () => {
  const workspace = fakeWorkspace({ mint: () => status(503) });
  const password = createPasswordProvider({ env: M2M_ENV, fetch: workspace.fetch });
  const controller = new AbortController();
  const error = failure(password({ signal: controller.signal }));
  await pass(600);
  expect(times(workspace)).toEqual([0, 50, 550]);
  controller.abort(new Error("gave up"));
  await error;
  await pass(20_000);
  expect(times(workspace)).toEqual([0, 50, 550, 5_550]);
  await pass(16_000);
  expect(times(workspace)).toEqual([0, 50, 550, 5_550, 35_550]);
  await password.close();
});

describe("a foreign error is transient", () => {
  const coded = (fields: object) => Object.assign(new Error("x"), fields);
  test.each<[unknown, boolean]>([
    [coded({ code: "ECONNRESET" }), true],
    [coded({ code: "EAI_AGAIN" }), true],
    [coded({ code: "ENOENT" }), false],
    [coded({ status: 503 }), true],
    [coded({ statusCode: 429 }), true],
    [coded({ statusCode: 403 }), false],
    [new DOMException("x", "TimeoutError"), true],
    [new DOMException("x", "AbortError"), false],
    [new Error("x", { cause: coded({ code: "EPIPE" }) }), true],
    [new Error("x"), false],
    ["text", false],
    [undefined, false],
  ])("%o → %s", (error, expected) => {
    expect(isTransient(error)).toBe(expected);
  });
});
