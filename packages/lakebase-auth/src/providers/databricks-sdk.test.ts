import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ENDPOINT, failure, fakeTime, fakeWorkspace, HOST, HOUR, jwt, NOON } from "../../test/fake-workspace.ts";
import { createPasswordProvider } from "../password-provider.ts";
import { databricksSdkTokenProvider } from "./databricks-sdk.ts";

beforeEach(fakeTime);
afterEach(() => vi.useRealTimers());

type Authenticate = (headers: Headers) => Promise<void>;
const TOKEN = jwt({ iat: NOON / 1000, exp: (NOON + HOUR) / 1000 });
function client(
  authenticate: Authenticate = (headers) => Promise.resolve(headers.set("authorization", `Bearer ${TOKEN}`)),
) {
  return { config: { host: HOST, authenticate: vi.fn<Authenticate>(authenticate) } };
}

test("a client gives its authorization header and its host, single-flighted and cached", async () => {
  const workspaceClient = client();
  const { fetch, mints } = fakeWorkspace();
  await using password = createPasswordProvider({
    env: {},
    endpoint: ENDPOINT,
    workspaceClient,
    fetch,
    refresh: "lazy",
  });
  await Promise.all(Array.from({ length: 100 }, () => password()));
  await vi.advanceTimersByTimeAsync(50 * 60_000);
  password.invalidate(await password());
  await password();
  expect(workspaceClient.config.authenticate).toHaveBeenCalledOnce();
  expect(mints.map(({ url, headers }) => [url, headers.get("authorization")])).toEqual(
    [1, 2].map(() => [`${HOST}/api/2.0/postgres/credentials`, `Bearer ${TOKEN}`]),
  );
});

test("its token is renewed when the JWT says so", async () => {
  const workspaceClient = client();
  const { fetch } = fakeWorkspace();
  await using password = createPasswordProvider({
    env: {},
    endpoint: ENDPOINT,
    workspaceClient,
    fetch,
    refresh: "lazy",
  });
  await password();
  await vi.advanceTimersByTimeAsync(HOUR + 1);
  await password();
  expect(workspaceClient.config.authenticate).toHaveBeenCalledTimes(2);
});

test("a client that never answers, as the SDK's does, is given up: the next attempt succeeds", async () => {
  const workspaceClient = client();
  workspaceClient.config.authenticate.mockImplementationOnce(() => new Promise(() => {}));
  const { fetch } = fakeWorkspace();
  await using password = createPasswordProvider({ env: {}, endpoint: ENDPOINT, workspaceClient, fetch });
  const token = password();
  await vi.advanceTimersByTimeAsync(10_100);
  expect(await token).toBe("canary-db-1");
});

test("a client of another workspace than the one that was named gets no request", async () => {
  const { fetch, mints } = fakeWorkspace();
  const options = { env: {}, endpoint: ENDPOINT, workspaceClient: client(), fetch, refresh: "lazy" } as const;
  await using password = createPasswordProvider({ ...options, workspaceHost: "https://other.example.com" });
  const error = await failure(password());
  expect(error).toMatchObject({ code: "CONFIGURATION" });
  expect(error.message).toBe(
    `workspaceHost (https://other.example.com) is not the workspace that the identity belongs to (${HOST}): its token would go to another host.`,
  );
  expect(mints).toHaveLength(0);
});

test("a client's own workspace counts, not that of the environment", async () => {
  const { fetch, mints } = fakeWorkspace();
  const env = { DATABRICKS_HOST: "https://other.example.com" };
  await using password = createPasswordProvider({ env, endpoint: ENDPOINT, workspaceClient: client(), fetch });
  await password();
  expect(mints[0]?.url).toBe(`${HOST}/api/2.0/postgres/credentials`);
});

test.each([
  ["no header", () => Promise.resolve(), "EMPTY_TOKEN"],
  ["a scheme alone", (headers: Headers) => Promise.resolve(headers.set("authorization", "Bearer")), "EMPTY_TOKEN"],
  ["an error", () => Promise.reject(new Error("no identity")), "PROVIDER_FAILED"],
])("a client that gives %s fails", async (_, authenticate, code) => {
  const provider = databricksSdkTokenProvider({ workspaceClient: client(authenticate) });
  expect(await failure(provider.getToken())).toMatchObject({ code });
});

test("a client that knows its host only once it has authenticated", async () => {
  const config: { host?: string; authenticate: Authenticate } = {
    authenticate: (headers) => {
      config.host = `${HOST}/`;
      return Promise.resolve(headers.set("authorization", "Bearer x"));
    },
  };
  const { fetch, mints } = fakeWorkspace();
  await using password = createPasswordProvider({ env: {}, endpoint: ENDPOINT, workspaceClient: { config }, fetch });
  await password();
  expect(mints[0]?.url).toBe(`${HOST}/api/2.0/postgres/credentials`);
  expect(await databricksSdkTokenProvider({ workspaceClient: { config } }).getHost()).toBe(`${HOST}/`);
});
