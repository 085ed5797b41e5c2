import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  accessToken,
  credential,
  deaf,
  failure,
  fakeTime,
  type FakeWorkspace,
  fakeWorkspace,
  hang,
  HOUR,
  inTurn,
  json,
  jumpWallClock,
  M2M_ENV,
  networkFailure,
  NOON,
  settle,
  status,
} from "../test/fake-workspace.ts";
import type { LogListener, RefreshEvent } from "./events.ts";
import type { ProviderOptions } from "./options.ts";
import { createPasswordProvider, type PasswordProvider } from "./password-provider.ts";

const MINUTE = 60_000;
let random = 0;
const opened: PasswordProvider[] = [];

beforeEach(() => {
  fakeTime();
  random = 0.5;
  vi.spyOn(Math, "random").mockImplementation(() => random);
});
afterEach(async () => {
  for (const provider of opened.splice(0)) await provider.close();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function open(workspace: FakeWorkspace, options: ProviderOptions = {}): PasswordProvider {
  const provider = createPasswordProvider({ env: M2M_ENV, fetch: workspace.fetch, ...options });
  opened.push(provider);
  return provider;
}
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const advanceTo = (ageMs: number, sinceMs: number) => pass(sinceMs + ageMs - Date.now());

describe("eager", () => {
  test.each([
    ["earliest", 0, HOUR / 2],
    ["middle", 0.5, HOUR * 0.625],
    ["latest", 1 - Number.EPSILON, HOUR * 0.75],
  ])("fetches at creation and renews at a random point in its window: %s", async (_, value, dueMs) => {
    random = value;
    const workspace = fakeWorkspace({ mint: credential(HOUR + 999) });
    const startedMs = Date.now();
    open(workspace);
    await settle();
    expect(workspace.mints).toHaveLength(1);
    await advanceTo(dueMs - 5, startedMs);
    expect(workspace.mints).toHaveLength(1);
    await advanceTo(dueMs + 5, startedMs);
    expect(workspace.mints).toHaveLength(2);
  });

  test("keeps its point from token to token, so that a fleet drifts apart", async () => {
    random = 0.2;
    const workspace = fakeWorkspace({ mint: credential(HOUR + 999) });
    open(workspace);
    await settle();
    random = 0.9;
    await pass(2 * HOUR);
    const minutes = workspace.mints.map(({ atMs }) => Math.round((atMs - NOON) / MINUTE));
    expect(minutes).toEqual([0, 33, 66, 99]);
  });

  test("renews never later than earlyRefreshMs before the expiry", async () => {
    random = 1 - Number.EPSILON;
    const workspace = fakeWorkspace({ mint: credential(HOUR + 999) });
    open(workspace, { earlyRefreshMs: 25 * MINUTE });
    await settle();
    await pass(35 * MINUTE - 5);
    expect(workspace.mints).toHaveLength(1);
    await pass(10);
    expect(workspace.mints).toHaveLength(2);
  });

  test("a first fetch that fails before anybody awaits it is no unhandled rejection, and is tried again", async () => {
    const unhandled = vi.fn<() => void>();
    process.on("unhandledRejection", unhandled);
    random = 0;
    const workspace = fakeWorkspace({ mint: inTurn(() => status(503), credential(HOUR)) });
    const password = open(workspace);
    await settle();
    expect(workspace.mints).toHaveLength(1);
    await pass(29_995);
    expect(workspace.mints).toHaveLength(1);
    await pass(10);
    expect(workspace.mints).toHaveLength(2);
    expect(await password()).toBe("canary-db-2");
    process.off("unhandledRejection", unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });

  test("a life beyond setTimeout's longest delay does not become a loop", async () => {
    const workspace = fakeWorkspace({ mint: credential(200 * 24 * HOUR) });
    open(workspace);
    await pass(30 * 24 * HOUR);
    expect(workspace.mints).toHaveLength(1);
  });
});

describe("lazy", () => {
  test("asks for nothing until the first call, and sets no timer", async () => {
    const workspace = fakeWorkspace();
    const password = open(workspace, { refresh: "lazy" });
    await pass(HOUR);
    expect(workspace.mints).toHaveLength(0);
    await password();
    expect(workspace.mints).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  test.each([
    ["an hour", HOUR, undefined, HOUR - 2 * MINUTE],
    ["a minute: half of it", MINUTE, undefined, MINUTE / 2],
    ["a window longer than the life: half of it", HOUR, 10 * HOUR, HOUR / 2],
    ["a window of the user's", HOUR, 10 * MINUTE, 50 * MINUTE],
  ])("renews from the early window on, %s", async (_, lifeMs, earlyRefreshMs, dueMs) => {
    const workspace = fakeWorkspace({ mint: credential(lifeMs + 999) });
    const password = open(workspace, { refresh: "lazy", ...(earlyRefreshMs !== undefined && { earlyRefreshMs }) });
    await password();
    await pass(dueMs - 1);
    expect(await password()).toBe("canary-db-1");
    await settle();
    expect(workspace.mints).toHaveLength(1);
    await pass(1);
    expect(await password()).toBe("canary-db-1"); // at once, and the refresh behind it
    await settle();
    expect(workspace.mints).toHaveLength(2);
    expect(await password()).toBe("canary-db-2");
  });

  test("a token of 60 s is cached", async () => {
    const workspace = fakeWorkspace({ mint: credential(MINUTE) });
    const password = open(workspace, { refresh: "lazy" });
    for (let call = 0; call < 29; call++) {
      expect(await password()).toBe("canary-db-1");
      await pass(1_000);
    }
    expect(workspace.mints).toHaveLength(1);
  });
});

describe("while a token is valid it is served", () => {
  test.each([
    ["status 503", () => status(503)],
    ["status 403", () => status(403)],
    ["no network", networkFailure],
    ["hung", hang],
    ["hung, deaf to the signal", deaf],
    ["garbage", () => new Response("<html>canary</html>")],
  ])("a refresh in the early window that ends so fails no caller: %s", async (_, answer) => {
    const workspace = fakeWorkspace({ mint: inTurn(credential(HOUR + 999), answer) });
    const password = open(workspace, { refresh: "lazy" });
    await password();
    await pass(HOUR - 2 * MINUTE);
    for (let second = 0; second < 119; second++) {
      expect(await password()).toBe("canary-db-1");
      await pass(1_000);
    }
    expect(workspace.mints.length).toBeGreaterThan(1);
    await pass(2_000);
    const error = failure(password());
    await pass(16_000);
    expect(await error).toMatchObject({ name: "CredentialError" });
  });

  test("an eager provider bridges ten minutes of outage, wherever in the life they begin", async () => {
    for (let startMin = 0; startMin < 60; startMin += 5) {
      const workspace = fakeWorkspace({ mint: credential(HOUR) });
      const password = open(workspace);
      await password();
      await pass(startMin * MINUTE);
      workspace.mint = () => status(503);
      for (let minute = 0; minute < 10; minute++) {
        expect(await password()).toMatch(/^canary-db-/);
        await pass(MINUTE);
      }
      await password.close();
    }
  });
});

describe("background failures", () => {
  /** Times of the mints, in seconds after the renewal was due. */
  async function retries(answer: () => Response, forMs: number, options: ProviderOptions = {}): Promise<number[]> {
    random = 0;
    const workspace = fakeWorkspace({ mint: inTurn(credential(10 * HOUR + 999), answer) });
    open(workspace, options);
    await settle();
    await pass(5 * HOUR - 1);
    await pass(forMs);
    const due = workspace.mints[1]?.atMs ?? Number.NaN;
    return workspace.mints.slice(1).map(({ atMs }) => Math.round((atMs - due) / 1_000));
  }

  test("transient ones are retried every 30 s, each attempt one request", async () => {
    expect(await retries(() => status(503), 95_000)).toEqual([0, 30, 60, 90]);
  });

  test("transient ones wait as long as the server asks", async () => {
    expect(await retries(() => status(429, { "retry-after": "100" }), 250_000)).toEqual([0, 100, 200]);
  });

  test("jitter lengthens the wait by up to a half", async () => {
    const workspace = fakeWorkspace({ mint: () => status(503) });
    random = 1 - Number.EPSILON;
    open(workspace);
    await settle();
    await pass(44_990);
    expect(workspace.mints).toHaveLength(1);
    await pass(20);
    expect(workspace.mints).toHaveLength(2);
  });

  test("permanent ones back off to ten minutes and are logged once, at error", async () => {
    const log = vi.fn<LogListener>();
    const times = await retries(() => status(403), 2_760_000, { onLog: log });
    expect(times).toEqual([0, 30, 90, 210, 450, 930, 1530, 2130, 2730]);
    const errors = log.mock.calls.filter(([level]) => level === "error");
    expect(errors).toHaveLength(1);
    expect(errors[0]?.[2]).toMatchObject({ error: { code: "HTTP_STATUS", status: 403 } });
  });

  test("a permanent failure after transient ones is logged too, and again after a success", async () => {
    const log = vi.fn<LogListener>();
    random = 0;
    const workspace = fakeWorkspace({
      mint: inTurn(
        () => status(503),
        () => status(503),
        () => status(403),
        () => status(403),
        credential(2_000),
        () => status(403),
      ),
    });
    open(workspace, { onLog: log });
    await pass(600_000);
    expect(workspace.mints.length).toBeGreaterThan(5);
    expect(log.mock.calls.filter(([level]) => level === "error")).toHaveLength(2);
  });

  test("a caller who has nothing valid does not wait for the schedule", async () => {
    const workspace = fakeWorkspace({ mint: inTurn(() => status(403), credential(HOUR)) });
    const password = open(workspace);
    await settle();
    expect(await password()).toBe("canary-db-2");
  });
});

describe("clocks", () => {
  test("a machine that was suspended refreshes on the next use, though no timer fired", async () => {
    const workspace = fakeWorkspace();
    const password = open(workspace);
    await password();
    jumpWallClock(2 * HOUR);
    expect(await password()).toBe("canary-db-2");
    expect(workspace.mints).toHaveLength(2);
  });

  test("a machine that was suspended into the early window serves and refreshes", async () => {
    const workspace = fakeWorkspace();
    const password = open(workspace, { refresh: "lazy" });
    await password();
    jumpWallClock(HOUR - MINUTE);
    expect(await password()).toBe("canary-db-1");
    await settle();
    expect(workspace.mints).toHaveLength(2);
  });

  test("a wall clock that is set back does not lengthen a token's life", async () => {
    const workspace = fakeWorkspace();
    const password = open(workspace, { refresh: "lazy" });
    await password();
    await pass(MINUTE);
    jumpWallClock(-2 * HOUR);
    await pass(HOUR - MINUTE);
    expect(await password()).toBe("canary-db-2");
  });

  test.each([
    ["slow", 2 * HOUR],
    ["fast", -2 * HOUR],
  ])("a clock 2 h %s neither serves an expired token nor mints per call", async (_, serverOffsetMs) => {
    const workspace = fakeWorkspace({ mint: credential(HOUR + 999, serverOffsetMs) });
    const password = open(workspace, { refresh: "lazy" });
    await password();
    await pass(HOUR - 2 * MINUTE - 1);
    expect(await password()).toBe("canary-db-1");
    await settle();
    expect(workspace.mints).toHaveLength(1);
    await pass(2 * MINUTE + 1);
    expect(await password()).toBe("canary-db-2");
  });
});

describe("invalidate", () => {
  test("forces one refresh, however many ask, and everybody waits for it", async () => {
    const workspace = fakeWorkspace();
    const password = open(workspace);
    const token = await password();
    for (let login = 0; login < 50; login++) password.invalidate(token);
    expect(await Promise.all([password(), password(), password()])).toEqual(Array(3).fill("canary-db-2"));
    expect(workspace.mints).toHaveLength(2);
  });

  test("of a token that is no longer the cached one does nothing", async () => {
    const workspace = fakeWorkspace();
    const password = open(workspace);
    password.invalidate("never-seen");
    const token = await password();
    password.invalidate(token);
    await password();
    password.invalidate(token);
    password.invalidate("");
    expect(await password()).toBe("canary-db-2");
    expect(workspace.mints).toHaveLength(2);
  });

  test("a storm, each login refused, mints at most once a second after the first", async () => {
    const workspace = fakeWorkspace();
    const password = open(workspace, { refresh: "lazy" });
    await password();
    for (let login = 0; login < 100; login++) {
      password.invalidate(await password());
      await pass(100);
    }
    expect(workspace.mints.length).toBeGreaterThanOrEqual(10);
    expect(workspace.mints.length).toBeLessThanOrEqual(11);
  });

  test("a token whose replacement cannot be had is served as the last resort, with one warning", async () => {
    const log = vi.fn<LogListener>();
    const workspace = fakeWorkspace({ mint: inTurn(credential(HOUR), () => status(403)) });
    const password = open(workspace, { onLog: log });
    const token = await password();
    password.invalidate(token);
    expect(await Promise.all([password(), password()])).toEqual([token, token]);
    expect(await password()).toBe(token);
    expect(workspace.mints).toHaveLength(2);
    expect(log.mock.calls.filter(([level]) => level === "warn")).toHaveLength(1);
    await pass(30 * MINUTE); // the background goes on trying
    expect(workspace.mints.length).toBeGreaterThan(3);
  });

  test("another refused login tries again, though the background still waits", async () => {
    const workspace = fakeWorkspace({ mint: inTurn(credential(HOUR), () => status(403), credential(HOUR)) });
    const password = open(workspace);
    const token = await password();
    password.invalidate(token);
    await password();
    await pass(1_000);
    password.invalidate(token);
    expect(await password()).toBe("canary-db-3");
  });

  test("a rejected workspace token is not served again", async () => {
    const workspace = fakeWorkspace({ token: inTurn(accessToken, () => status(403)) });
    const password = open(workspace, { refresh: "lazy" });
    const token = await password();
    workspace.mint = () => status(401);
    password.invalidate(token);
    await password();
    const before = workspace.mints.length;
    await pass(30_000);
    password.invalidate(token);
    await password();
    expect(workspace.mints).toHaveLength(before);
    expect(workspace.tokens.length).toBeGreaterThan(2);
  });
});

describe("never a loop", () => {
  const withExpiry = (expire_time: unknown, date?: string) =>
    fakeWorkspace({
      mint: (_, index) => json({ token: `canary-db-${index}`, expire_time }, date === undefined ? {} : { date }),
    });
  const cases: [string, () => FakeWorkspace, ProviderOptions][] = [
    ["a past expiry", () => withExpiry("2001-01-01T00:00:00Z"), {}],
    ["a past expiry and Date header", () => withExpiry("2001-01-01T00:00:00Z", "Thu, 01 Jan 2026 12:00:00 GMT"), {}],
    ["a NaN expiry", () => withExpiry("soon"), {}],
    ["an expiry of another type", () => withExpiry({ seconds: 5 }), {}],
    ["no expiry", () => withExpiry(undefined), {}],
    ["a clock 2 h fast and no Date header", () => withExpiry("2026-01-01T11:00:00Z"), {}],
    ["a clock 2 h slow and no Date header", () => withExpiry("2026-01-01T15:00:00Z"), {}],
    ["a clock 2 h fast", () => fakeWorkspace({ mint: credential(HOUR, -2 * HOUR) }), {}],
    ["a clock 2 h slow", () => fakeWorkspace({ mint: credential(HOUR, 2 * HOUR) }), {}],
    ["an expiry a millisecond ahead", () => fakeWorkspace({ mint: credential(1) }), {}],
    ["a life of a second", () => fakeWorkspace({ mint: credential(1_000) }), {}],
    ["a life of two seconds", () => fakeWorkspace({ mint: credential(2_000) }), {}],
    ["earlyRefreshMs equal to the life", () => fakeWorkspace(), { earlyRefreshMs: HOUR }],
    ["earlyRefreshMs beyond the life", () => fakeWorkspace(), { earlyRefreshMs: 1e12 }],
    ["earlyRefreshMs 0", () => fakeWorkspace({ mint: credential(1_000) }), { earlyRefreshMs: 0 }],
  ];
  for (const refresh of ["eager", "lazy"] as const)
    test.each(cases)(`${refresh}: %s, at most one mint per second in ten minutes`, async (_, create, options) => {
      random = 0;
      const workspace = create();
      const password = open(workspace, { refresh, ...options });
      for (let step = 0; step < 2_400; step++) {
        expect(await password()).toMatch(/^canary-db-/);
        await pass(250);
      }
      const times = workspace.mints.map(({ atMs }) => atMs);
      const gaps = times.slice(1).map((atMs, index) => atMs - (times[index] ?? 0));
      expect(Math.min(Infinity, ...gaps)).toBeGreaterThanOrEqual(999);
      expect(times.length).toBeLessThanOrEqual(601);
    });

  test.each(["eager", "lazy"] as const)("%s: nobody calls, and every answer fails", async (refresh) => {
    const workspace = fakeWorkspace({ mint: () => status(500) });
    open(workspace, { refresh });
    await pass(10 * MINUTE);
    expect(workspace.mints.length).toBe(refresh === "eager" ? 17 : 0);
  });
});

describe("events", () => {
  test("tell the start, the failed attempts, the end, the cause and the duration", async () => {
    const events: RefreshEvent[] = [];
    const workspace = fakeWorkspace({ mint: inTurn(() => status(503), credential(HOUR)) });
    const password = open(workspace, { onEvent: (event) => events.push(event) });
    const first = password();
    await pass(100);
    await first;
    expect(events).toMatchObject([
      { type: "refresh-start", subject: "credential", cause: "initial" },
      { type: "refresh-start", subject: "workspace-token", cause: "initial" },
      { type: "refresh-end", subject: "workspace-token", cause: "initial", outcome: "success", durationMs: 0 },
      {
        type: "refresh-attempt-failed",
        subject: "credential",
        attempt: 1,
        error: { status: 503 },
        retryInMs: 62.5,
      },
      { type: "refresh-end", subject: "credential", cause: "initial", outcome: "success", durationMs: 62 },
    ]);
    events.length = 0;
    await pass(HOUR);
    expect(events).toContainEqual({ type: "refresh-start", subject: "credential", cause: "scheduled" });
    password.invalidate(await password());
    await password();
    expect(events).toContainEqual({ type: "refresh-start", subject: "credential", cause: "invalidated" });
    events.length = 0;
    workspace.mint = () => status(403);
    await pass(40 * MINUTE);
    expect(events).toContainEqual({ type: "refresh-start", subject: "credential", cause: "retry" });
    expect(events).toContainEqual(
      expect.objectContaining({
        type: "refresh-end",
        outcome: "failure",
        error: expect.objectContaining({ status: 403 }),
      }),
    );
  });

  test("token events are logged at debug", async () => {
    const log = vi.fn<LogListener>();
    const password = open(fakeWorkspace({ mint: inTurn(() => status(503), credential(HOUR)) }), { onLog: log });
    const first = password();
    await pass(100);
    await first;
    expect(new Set(log.mock.calls.map(([level]) => level))).toEqual(new Set(["debug"]));
    expect(log.mock.calls.map(([, message]) => message)).toEqual([
      "workspace-token refresh: success",
      "an attempt to obtain the credential failed",
      "credential refresh: success",
    ]);
  });

  test("a listener that throws, or whose promise rejects, harms nobody", async () => {
    const unhandled = vi.fn<() => void>();
    process.on("unhandledRejection", unhandled);
    const rejecting: unknown = () => Promise.reject(new Error("async observer"));
    const password = open(fakeWorkspace(), {
      onEvent: () => {
        throw new Error("observer");
      },
      onLog: rejecting as LogListener,
    });
    expect(await password()).toBe("canary-db-1");
    await settle();
    process.off("unhandledRejection", unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });
});
