import { describe, expect, test, vi } from "vitest";
import { ENDPOINT, fakeWorkspace, HOST, M2M_ENV, PAT_ENV } from "../test/fake-workspace.ts";
import type { FetchLike } from "./http.ts";
import {
  ConfigurationError,
  createPasswordProvider,
  generateDatabaseCredential,
  getOrmConfig,
  getPgConfig,
  getUsernameWithApiLookup,
  ValidationError,
} from "./index.ts";
import {
  m2mTokenProvider,
  cachedTokenProvider,
  federatedTokenProvider,
  staticTokenProvider,
} from "./token-providers.ts";

const ENV = { ...M2M_ENV, PGHOST: "ep.example.com", PGUSER: "app" };
const fetch = vi.fn<FetchLike>(() => Promise.reject(new Error("no request may be sent")));

/** What getPgConfig throws for these options, on top of a working environment. */
function thrown(options: object, env: Record<string, string | undefined> = {}): Error {
  try {
    getPgConfig({ env: { ...ENV, ...env }, fetch, ...options });
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("nothing was thrown");
}

const ENDPOINT_EXPECTED = "expected projects/{project}/branches/{branch}/endpoints/{endpoint}";
const HOST_EXPECTED = "expected a host name such as ep-1.database.example.com, without scheme or path";
const URL_EXPECTED = 'expected a workspace URL such as "https://example.cloud.databricks.com"';
const CLAIMS_EXPECTED =
  'expected an array such as [{ permission_set: "READ_ONLY", resources: [{ table_name: "c.s.t" }] }]';

describe("a malformed option is a ValidationError that names it and says what was expected", () => {
  test.each<[string, object, string, string]>([
    [
      "endpoint is a host name",
      { endpoint: "ep.example.com" },
      "endpoint",
      `${ENDPOINT_EXPECTED}, but this is a host name: it belongs in the option host (PGHOST)`,
    ],
    ["endpoint is an id", { endpoint: "primary" }, "endpoint", ENDPOINT_EXPECTED],
    ["endpoint lacks a part", { endpoint: "projects/p/branches//endpoints/e" }, "endpoint", ENDPOINT_EXPECTED],
    ["endpoint is empty", { endpoint: "" }, "endpoint", ENDPOINT_EXPECTED],
    ["endpoint is no text", { endpoint: 7 }, "endpoint", ENDPOINT_EXPECTED],
    [
      "instanceName is a host",
      { instanceName: "i.example.com" },
      "instanceName",
      "expected the name of a Provisioned instance (letters, digits, hyphens), not its host or path",
    ],
    ["host is a URL", { host: "postgres://ep.example.com" }, "host", HOST_EXPECTED],
    ["host is empty", { host: "" }, "host", HOST_EXPECTED],
    [
      "several hosts for pg",
      { host: "a.example.com,b.example.com" },
      "host",
      "expected one host: pg does not try several",
    ],
    ["port 0", { port: 0 }, "port", "expected a port, 1 to 65535"],
    ["port 65536", { port: 65_536 }, "port", "expected a port, 1 to 65535"],
    ["port is a fraction", { port: 1.5 }, "port", "expected a port, 1 to 65535"],
    ["port is text", { port: "5432" }, "port", "expected a port, 1 to 65535"],
    ["database is empty", { database: " " }, "database", "expected the name of a database"],
    ["user is empty", { user: "" }, "user", "expected the name of a Postgres role"],
    [
      "sslMode is unknown",
      { sslMode: "allow" },
      "sslMode",
      "expected one of verify-full, verify-ca, require, prefer, disable",
    ],
    [
      "ssl is a mode",
      { ssl: "require" },
      "ssl",
      "expected true, false or TLS options such as { ca }; modes go into sslMode",
    ],
    ["ssl is null", { ssl: null }, "ssl", "expected true, false or TLS options such as { ca }; modes go into sslMode"],
    [
      "TLS is not verified",
      { ssl: { rejectUnauthorized: false } },
      "ssl.rejectUnauthorized",
      "expected true: an unverified server would be handed the token. For a private CA pass ssl: { ca }",
    ],
    [
      "TLS is not verified, in another way",
      { ssl: { rejectUnauthorized: 0 } },
      "ssl.rejectUnauthorized",
      "expected true: an unverified server would be handed the token. For a private CA pass ssl: { ca }",
    ],
    ["allowCleartext is text", { allowCleartext: "yes" }, "allowCleartext", "expected true or false"],
    ["refresh is unknown", { refresh: "background" }, "refresh", "expected one of eager, lazy"],
    ["earlyRefreshMs is negative", { earlyRefreshMs: -1 }, "earlyRefreshMs", "expected milliseconds, 0 or more"],
    ["earlyRefreshMs is NaN", { earlyRefreshMs: Number.NaN }, "earlyRefreshMs", "expected milliseconds, 0 or more"],
    ["attemptTimeoutMs is 0", { attemptTimeoutMs: 0 }, "attemptTimeoutMs", "expected milliseconds, more than 0"],
    [
      "attemptTimeoutMs is infinite",
      { attemptTimeoutMs: Infinity },
      "attemptTimeoutMs",
      "expected milliseconds, more than 0",
    ],
    [
      "retry is a number",
      { retry: 3 },
      "retry",
      "expected an object such as { delaysMs: [50, 500, 5000], budgetMs: 15000 }",
    ],
    [
      "a field of retry is unknown",
      { retry: { attempts: 3 } },
      "retry.attempts",
      "is not an option: expected delaysMs, budgetMs, shouldRetry",
    ],
    ["retry.delaysMs is a number", { retry: { delaysMs: 50 } }, "retry.delaysMs", "expected an array of milliseconds"],
    [
      "retry.delaysMs is negative",
      { retry: { delaysMs: [50, -1] } },
      "retry.delaysMs",
      "expected milliseconds, 0 or more",
    ],
    ["retry.budgetMs is text", { retry: { budgetMs: "15s" } }, "retry.budgetMs", "expected milliseconds, more than 0"],
    ["retry.shouldRetry is no function", { retry: { shouldRetry: true } }, "retry.shouldRetry", "expected a function"],
    ["fetch is no function", { fetch: {} }, "fetch", "expected a function"],
    ["fetchCredential is no function", { fetchCredential: "token" }, "fetchCredential", "expected a function"],
    ["onLog is no function", { onLog: true }, "onLog", "expected a function"],
    ["onEvent is no function", { onEvent: {} }, "onEvent", "expected a function"],
    ["share is text", { share: "no" }, "share", "expected true or false"],
    ["signal is a controller", { signal: new AbortController() }, "signal", "expected an AbortSignal"],
    ["env is text", { env: "production" }, "env", "expected an object of variables, such as process.env"],
    ["claims is an object", { claims: {} }, "claims", CLAIMS_EXPECTED],
    ["a claim is text", { claims: ["READ_ONLY"] }, "claims", CLAIMS_EXPECTED],
    ["workspaceHost is empty", { workspaceHost: "" }, "workspaceHost", URL_EXPECTED],
    [
      "workspaceHost is http",
      { workspaceHost: "http://w.example.com" },
      "workspaceHost",
      "expected https: over http the workspace token would travel in the clear",
    ],
    [
      "workspaceHost holds a password",
      { workspaceHost: "https://u:canary@w.example.com" },
      "workspaceHost",
      `${URL_EXPECTED}, without a user name or password`,
    ],
    [
      "workspaceHost is another protocol",
      { workspaceHost: "ftp://w.example.com" },
      "workspaceHost",
      `${URL_EXPECTED}, without a user name or password`,
    ],
    [
      "tokenProvider is a token",
      { tokenProvider: "dapi0123" },
      "tokenProvider",
      "expected an object with getToken(), such as m2mTokenProvider(…)",
    ],
    [
      "tokenProvider is null",
      { tokenProvider: null },
      "tokenProvider",
      "expected an object with getToken(), such as m2mTokenProvider(…)",
    ],
    [
      "workspaceClient is a config",
      { workspaceClient: { host: HOST } },
      "workspaceClient",
      "expected a WorkspaceClient of @databricks/sdk-experimental",
    ],
    ["password is empty", { password: "" }, "password", "expected a native Postgres password, or nothing to use OAuth"],
    [
      "an option of the pool",
      { max: 20 },
      "max",
      "is not an option of this function. Pool and driver options go beside the config: new Pool({ ...getPgConfig(), max: 20 })",
    ],
    [
      "a misspelt option",
      { endPoint: ENDPOINT },
      "endPoint",
      "is not an option of this function. Pool and driver options go beside the config: new Pool({ ...getPgConfig(), max: 20 })",
    ],
  ])("%s", (_, options, field, message) => {
    const error = thrown(options);
    expect(error).toBeInstanceOf(ValidationError);
    expect(error).toMatchObject({ field, code: "VALIDATION", message: `${field}: ${message}` });
    expect(error.message).not.toContain("canary");
  });
});

describe("a malformed variable is named as a variable", () => {
  test.each<[string, string, string]>([
    [
      "LAKEBASE_ENDPOINT",
      "ep.example.com",
      `${ENDPOINT_EXPECTED}, but this is a host name: it belongs in the option host (PGHOST)`,
    ],
    ["PGHOST", "https://ep.example.com/", HOST_EXPECTED],
    ["PGHOST", "a.example.com,b.example.com", "expected one host: pg does not try several"],
    ["PGPORT", "5432x", "expected a port, 1 to 65535"],
    ["PGPORT", "70000", "expected a port, 1 to 65535"],
    ["PGSSLMODE", "yes", "expected one of verify-full, verify-ca, require, prefer, disable"],
    [
      "DATABRICKS_HOST",
      "http://w.example.com",
      "expected https: over http the workspace token would travel in the clear",
    ],
  ])("%s=%s", (name, value, message) => {
    const error = thrown({}, { [name]: value });
    expect(error).toBeInstanceOf(ValidationError);
    expect(error.message).toBe(`${name}: ${message}`);
  });
});

describe("what is missing or contradictory is a ConfigurationError that says how to get it", () => {
  test.each<[string, object, Record<string, string | undefined>, string]>([
    [
      "no endpoint",
      {},
      { LAKEBASE_ENDPOINT: undefined },
      "No endpoint: set LAKEBASE_ENDPOINT, or the option endpoint, to projects/{project}/branches/{branch}/endpoints/{endpoint} (find it with `databricks postgres list-endpoints projects/{project}/branches/{branch}`), or pass instanceName for a Provisioned instance. Databricks Apps do not set LAKEBASE_ENDPOINT by themselves.",
    ],
    ["a blank endpoint", {}, { LAKEBASE_ENDPOINT: "  " }, "No endpoint: set LAKEBASE_ENDPOINT"],
    [
      "endpoint and instance",
      { endpoint: ENDPOINT, instanceName: "i" },
      {},
      "endpoint and instanceName are both set: endpoint is for Autoscaling projects, instanceName for Provisioned instances. Pass one of them.",
    ],
    ["no host", {}, { PGHOST: undefined }, "No host: set PGHOST, or the option host, to the endpoint's host name."],
    [
      "no role",
      {},
      { PGUSER: undefined, DATABRICKS_CLIENT_ID: undefined },
      "No Postgres role: set PGUSER or DATABRICKS_CLIENT_ID, or pass user: await getUsernameWithApiLookup().",
    ],
    [
      "no workspace",
      {},
      { DATABRICKS_HOST: undefined },
      'The workspace is not known: set DATABRICKS_HOST, or the option workspaceHost, to its URL, such as "https://example.cloud.databricks.com".',
    ],
    [
      "two identities",
      {},
      { DATABRICKS_TOKEN: "canary" },
      "Two identities are set: DATABRICKS_TOKEN and DATABRICKS_CLIENT_ID with DATABRICKS_CLIENT_SECRET. Unset one, or choose with DATABRICKS_AUTH_TYPE=pat or oauth-m2m.",
    ],
    [
      "tokenProvider and workspaceClient",
      { tokenProvider: {}, workspaceClient: {} },
      {},
      "tokenProvider and workspaceClient are both set: pass one of them.",
    ],
    [
      "TLS switched off",
      { sslMode: "disable" },
      {},
      "TLS is switched off (sslMode=disable) for ep.example.com: the token would travel in the clear. Remove that setting, or pass allowCleartext: true if the network itself is encrypted.",
    ],
    [
      "TLS switched off by a variable",
      {},
      { PGSSLMODE: "disable" },
      "TLS is switched off (PGSSLMODE=disable) for ep.example.com",
    ],
    ["TLS switched off by ssl", { ssl: false }, {}, "TLS is switched off (ssl: false) for ep.example.com"],
  ])("%s", (_, options, env, message) => {
    const error = thrown(options, env);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({ code: "CONFIGURATION" });
    expect(error.message).toContain(message);
    expect(error.message).not.toContain("canary");
  });

  test.each([
    ["the token of the environment", "canary-pat"],
    ["a token that is not set anywhere", "dapi0123456789abcdef"],
  ])("a workspace token as the database password: %s", (_, password) => {
    const error = thrown({ env: { ...PAT_ENV, PGHOST: "h", PGUSER: "u" }, password });
    expect(error).toBeInstanceOf(ValidationError);
    expect(error.message).toBe(
      "password: this is a workspace token (DATABRICKS_TOKEN), which Lakebase refuses at login. Leave password out: a database credential is then minted with that token",
    );
  });
});

test("no request was sent for any of it", () => {
  expect(fetch).not.toHaveBeenCalled();
});

test("the choice between two identities", async () => {
  const env = { ...M2M_ENV, DATABRICKS_TOKEN: "pat" };
  for (const [type, expected] of [
    ["pat", "Bearer pat"],
    ["oauth-m2m", `Basic ${btoa("client:canary-client-secret")}`],
  ] as const) {
    const workspace = fakeWorkspace();
    await generateDatabaseCredential({ env: { ...env, DATABRICKS_AUTH_TYPE: type }, fetch: workspace.fetch });
    const [first] = [...workspace.tokens, ...workspace.mints];
    expect(first?.headers.get("authorization")).toBe(expected);
  }
});

test("the other entries refuse an unknown option too", async () => {
  const message = "nope: is not an option of this function";
  const options = { nope: 1 } as object;
  expect(() => getOrmConfig(options)).toThrow(message);
  expect(() => createPasswordProvider(options)).toThrow(message);
  await expect(generateDatabaseCredential(options)).rejects.toThrow(message);
  await expect(getUsernameWithApiLookup(options)).rejects.toThrow(message);
  expect(() => createPasswordProvider({ host: "h" } as object)).toThrow("host: is not an option of this function");
  await expect(generateDatabaseCredential({ refresh: "lazy" } as object)).rejects.toThrow(
    "refresh: is not an option of this function",
  );
});

test("token providers refuse bad input", () => {
  const m2m = { workspaceHost: HOST, clientId: "c", clientSecret: "s" };
  expect(() => staticTokenProvider(" ")).toThrow("token: expected a workspace token that is not empty");
  expect(() => m2mTokenProvider({ ...m2m, clientId: "" })).toThrow(
    "clientId: expected the service principal's OAuth client, not an empty value",
  );
  expect(() => m2mTokenProvider({ ...m2m, clientSecret: "" })).toThrow("clientSecret: expected");
  expect(() => m2mTokenProvider({ ...m2m, workspaceHost: "http://w.example.com" })).toThrow(
    "workspaceHost: expected https",
  );
  expect(() => federatedTokenProvider(m2mTokenProvider(m2m), { workspaceHost: "" })).toThrow("workspaceHost: expected");
  expect(() => cachedTokenProvider(m2mTokenProvider(m2m), { earlyRefreshMs: -1 })).toThrow("earlyRefreshMs: expected");
});

describe("a configuration comes from the environment that Databricks Apps set", () => {
  const APPS = { ...ENV, PGPORT: "5433", PGDATABASE: "shop", PGAPPNAME: "my-app", PGSSLMODE: "require" };
  const shared = { host: "ep.example.com", port: 5433, database: "shop", user: "app", application_name: "my-app" };
  const ssl = { rejectUnauthorized: true, servername: "ep.example.com", serverName: "ep.example.com" };

  test("for pg", async () => {
    await using config = getPgConfig({ env: APPS, refresh: "lazy" });
    expect(config).toMatchObject({ ...shared, ssl, password: expect.any(Function), close: expect.any(Function) });
  });

  test("for ORMs, under every name they read", async () => {
    await using config = getOrmConfig({ env: APPS });
    expect(config).toMatchObject({ ...shared, ssl, username: "app", socket: expect.any(Function) });
  });

  test("with defaults, where nothing is set", async () => {
    await using config = getPgConfig({ env: { ...ENV, PGUSER: "" }, refresh: "lazy" });
    expect(config).toMatchObject({ port: 5432, database: "databricks_postgres", user: "client" });
    expect(config).not.toHaveProperty("application_name");
  });

  test("options win over it", async () => {
    const options = { host: "other.example.com", port: 6543, database: "d", user: "u" };
    await using config = getPgConfig({ env: APPS, refresh: "lazy", ...options });
    expect(config).toMatchObject(options);
  });

  test("of any object: a second database resource", async () => {
    const env = { ...APPS, PGHOST: "second.example.com", LAKEBASE_ENDPOINT: "projects/p/branches/b/endpoints/second" };
    await using config = getPgConfig({ env, refresh: "lazy" });
    expect(config.host).toBe("second.example.com");
  });
});
