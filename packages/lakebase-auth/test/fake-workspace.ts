import { vi } from "vitest";
import type { FetchLike } from "../src/http.ts";

export const ENDPOINT = "projects/p/branches/b/endpoints/e";
export const HOST = "https://workspace.example.com";
const CLIENT_SECRET = "canary-client-secret";
export const HOUR = 3_600_000;
/** All answers are made at this moment, unless a test moves the clocks. */
export const NOON = Date.UTC(2026, 0, 1, 12);

export const M2M_ENV = {
  DATABRICKS_HOST: HOST,
  DATABRICKS_CLIENT_ID: "client",
  DATABRICKS_CLIENT_SECRET: CLIENT_SECRET,
  LAKEBASE_ENDPOINT: ENDPOINT,
};
export const PAT_ENV = { DATABRICKS_HOST: HOST, DATABRICKS_TOKEN: "canary-pat", LAKEBASE_ENDPOINT: ENDPOINT };

/** Fakes the clocks and the timers, and nothing that promises or streams run on. */
export function fakeTime(): void {
  vi.useFakeTimers({
    toFake: ["Date", "performance", "setTimeout", "clearTimeout", "setInterval", "clearInterval"],
    now: NOON,
  });
}

/** Lets everything happen that needs no time. */
export const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
};

/** Moves the wall clock alone, as a suspended machine or an operator does. */
export const jumpWallClock = (ms: number): void => void vi.setSystemTime(Date.now() + ms);

export interface Call {
  readonly url: string;
  readonly atMs: number;
  readonly body: string;
  readonly headers: Headers;
  readonly signal: AbortSignal;
}

export type Answer = (call: Call, index: number) => Response | Promise<Response>;

export interface FakeWorkspace {
  readonly fetch: FetchLike;
  readonly tokens: Call[];
  readonly mints: Call[];
  readonly lookUps: Call[];
  token: Answer;
  mint: Answer;
  lookUp: Answer;
}

export const json = (body: unknown, headers: Record<string, string> = {}, status = 200): Response =>
  new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json", ...headers } });

export const status = (code: number, headers: Record<string, string> = {}): Response =>
  new Response("canary-body", { status: code, headers });

/** Never answers; ends as `fetch` does when the signal aborts. */
export const hang: Answer = ({ signal }) =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));

/** Never answers and does not look at the signal. */
export const deaf: Answer = () => new Promise(() => {});

export const networkFailure: Answer = () =>
  Promise.reject(
    new TypeError("fetch failed", { cause: Object.assign(new Error("connect"), { code: "ECONNREFUSED" }) }),
  );

/** A credential that lives so long, by the server's clock; the server's clock is the test's unless said otherwise. */
export const credential =
  (lifeMs: number, serverOffsetMs = 0): Answer =>
  ({ atMs }, index) => {
    const nowMs = atMs + serverOffsetMs;
    const expire_time = new Date(nowMs + lifeMs).toISOString();
    return json({ token: `canary-db-${index}`, expire_time }, { date: new Date(nowMs).toUTCString() });
  };

export const accessToken: Answer = (_, index) =>
  json({ access_token: `canary-ws-${index}`, token_type: "Bearer", expires_in: 3600 });

/** A workspace API in memory. Answers can be replaced at any time; calls are counted from 1. */
export function fakeWorkspace(answers: Partial<Pick<FakeWorkspace, "token" | "mint" | "lookUp">> = {}): FakeWorkspace {
  const workspace: FakeWorkspace = {
    tokens: [],
    mints: [],
    lookUps: [],
    token: accessToken,
    mint: credential(HOUR),
    lookUp: () => json({ userName: "who@example.com" }),
    ...answers,
    fetch: async (url, init) => {
      const [calls, kind] = url.endsWith("/oidc/v1/token")
        ? ([workspace.tokens, "token"] as const)
        : url.endsWith("/Me")
          ? ([workspace.lookUps, "lookUp"] as const)
          : ([workspace.mints, "mint"] as const);
      const signal = init.signal ?? new AbortController().signal;
      const body = typeof init.body === "string" ? init.body : "";
      const call = { url, atMs: Date.now(), body, headers: new Headers(init.headers), signal };
      calls.push(call);
      return await workspace[kind](call, calls.length);
    },
  };
  return workspace;
}

/** Answers in turn; the last one stays. */
export const inTurn =
  (...answers: readonly Answer[]): Answer =>
  (call, index) => {
    const answer = answers[Math.min(index, answers.length) - 1];
    if (answer === undefined) throw new Error("no answer planned");
    return answer(call, index);
  };

/** An unsigned JWT. */
export function jwt(payload: Record<string, unknown>): string {
  const part = (value: object): string => btoa(JSON.stringify(value)).replaceAll("=", "");
  return `${part({ alg: "none" })}.${part(payload)}.c2ln`;
}

/** What a promise rejects with. */
export async function failure(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("it did not fail with an Error");
}
