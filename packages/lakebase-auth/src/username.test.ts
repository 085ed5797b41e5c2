import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { failure, fakeTime, fakeWorkspace, hang, HOST, inTurn, json, PAT_ENV, status } from "../test/fake-workspace.ts";
import { ConfigurationError, CredentialError } from "./errors.ts";
import { getUsernameWithApiLookup } from "./username.ts";

beforeEach(fakeTime);
afterEach(() => vi.useRealTimers());

test.each([
  ["option", { user: "option" }, { PGUSER: "pguser", DATABRICKS_CLIENT_ID: "client" }],
  ["pguser", {}, { PGUSER: "pguser", DATABRICKS_CLIENT_ID: "client" }],
  ["client", {}, { PGUSER: " ", DATABRICKS_CLIENT_ID: "client" }],
])("%s comes first: no request", async (expected, options, env) => {
  const { fetch, lookUps } = fakeWorkspace();
  expect(await getUsernameWithApiLookup({ ...options, env: { ...PAT_ENV, ...env }, fetch })).toBe(expected);
  expect(lookUps).toHaveLength(0);
});

test("else the workspace is asked", async () => {
  const { fetch, lookUps } = fakeWorkspace();
  expect(await getUsernameWithApiLookup({ env: PAT_ENV, fetch })).toBe("who@example.com");
  expect(lookUps).toHaveLength(1);
  expect(lookUps[0]?.url).toBe(`${HOST}/api/2.0/preview/scim/v2/Me`);
  expect(lookUps[0]?.headers.get("authorization")).toBe("Bearer canary-pat");
});

test("with one token for all attempts", async () => {
  const getToken = vi.fn<() => Promise<never>>(() =>
    Promise.resolve({ accessToken: "t", tokenType: "Bearer" } as never),
  );
  const { fetch, lookUps } = fakeWorkspace({
    lookUp: inTurn(
      () => status(503),
      () => json({ userName: "w" }),
    ),
  });
  const config = {
    host: HOST,
    authenticate: (headers: Headers) => getToken().then(() => headers.set("authorization", "Bearer t")),
  };
  const name = getUsernameWithApiLookup({ env: {}, fetch, workspaceClient: { config } });
  await vi.advanceTimersByTimeAsync(100);
  expect(await name).toBe("w");
  expect(lookUps).toHaveLength(2);
  expect(getToken).toHaveBeenCalledOnce();
  expect(vi.getTimerCount()).toBe(0);
});

describe("a failed look-up throws, with its cause and what to do", () => {
  test("403: 1 request", async () => {
    const { fetch, lookUps } = fakeWorkspace({ lookUp: () => status(403) });
    const error = await failure(getUsernameWithApiLookup({ env: PAT_ENV, fetch }));
    expect(error).toBeInstanceOf(CredentialError);
    expect(error).toMatchObject({
      message:
        "The Postgres role is not known: set PGUSER or the option user. Looking up the current user failed with HTTP 403.",
      code: "HTTP_STATUS",
      status: 403,
      cause: { name: "CredentialError", status: 403 },
    });
    expect(lookUps).toHaveLength(1);
  });

  test.each([
    ["503", () => status(503), "HTTP_STATUS"],
    ["hung", hang, "TIMEOUT"],
    ["no userName", () => json({ id: "1" }), "MALFORMED_RESPONSE"],
    ["an empty userName", () => json({ userName: "" }), "MALFORMED_RESPONSE"],
  ])("%s", async (_, lookUp, code) => {
    const { fetch } = fakeWorkspace({ lookUp });
    const error = failure(getUsernameWithApiLookup({ env: PAT_ENV, fetch }));
    await vi.advanceTimersByTimeAsync(20_000);
    expect(await error).toMatchObject({ code, cause: { code } });
  });

  test("no workspace", async () => {
    const error = await failure(getUsernameWithApiLookup({ env: { DATABRICKS_TOKEN: "t" } }));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error.message).toMatch(/^The Postgres role is not known: set PGUSER .* set DATABRICKS_HOST/);
    expect(error.cause).toBeInstanceOf(ConfigurationError);
  });

  test("a malformed option is itself the error", async () => {
    const options = { env: PAT_ENV, workspaceHost: "http://w.example.com" };
    expect(await failure(getUsernameWithApiLookup(options))).toMatchObject({
      code: "VALIDATION",
      field: "workspaceHost",
    });
    expect(await failure(getUsernameWithApiLookup({ env: PAT_ENV, user: "" }))).toMatchObject({ field: "user" });
  });

  test("an abort is its own reason", async () => {
    const controller = new AbortController();
    const { fetch } = fakeWorkspace({ lookUp: hang });
    const error = failure(getUsernameWithApiLookup({ env: PAT_ENV, fetch, signal: controller.signal }));
    await vi.advanceTimersByTimeAsync(10);
    controller.abort(new Error("enough"));
    expect(await error).toMatchObject({ message: "enough" });
  });
});
