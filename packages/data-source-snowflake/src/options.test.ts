import { ConfigurationError } from "@org/data-source-core";
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { resolveOptions, type SnowflakeDataSourceOptions } from "./options.ts";

const login = { account: "org-name", username: "ANN", password: "canary-pw-1" };
const connection = { execute: () => undefined, destroy: () => undefined } as never;
const connectionFactory = async () => connection;

function refusal(options: object): ConfigurationError {
  try {
    resolveOptions(options);
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
    throw error;
  }
  throw new Error("accepted");
}

test.each<[string, object, string]>([
  ["nothing at all", {}, "account"],
  ["only shared options", { access: "read-write" }, "account"],
  ["two ways to connect", { connection, connectionFactory }, "connection"],
  ["a factory and credentials", { connectionFactory, password: "x" }, "password"],
  ["a connection and a role", { connection, role: "R" }, "role"],
  ["something else as connection", { connection: {} }, "connection"],
  ["something else as factory", { connectionFactory: connection }, "connectionFactory"],
  ["no account", { username: "ANN", password: "x" }, "account"],
  ["no credentials", { account: "a", username: "ANN" }, "password"],
  ["no user beside a password", { account: "a", password: "x" }, "username"],
  ["no user beside a key", { account: "a", privateKeyPath: "/k" }, "username"],
  ["two kinds of credentials", { ...login, accessToken: "t" }, "accessToken"],
  ["a passphrase without a key", { ...login, privateKeyPass: "x" }, "privateKeyPass"],
  ["an empty password", { ...login, password: "" }, "password"],
  ["a token that is no token", { account: "a", oauthToken: {} }, "oauthToken"],
  ["an unknown authenticator", { account: "a", authenticator: "okta" }, "authenticator"],
  ["a keep-alive that is no boolean", { ...login, clientSessionKeepAlive: 1 }, "clientSessionKeepAlive"],
  ["a URL that is none", { ...login, accessUrl: "nowhere" }, "accessUrl"],
  ["a misspelt option", { ...login, userName: "x" }, "userName"],
  ["a wrong shared option", { ...login, pool: { max: 0 } }, "pool.max"],
])("%s is refused by name", (_what, options, field) => {
  const error = refusal(options);
  expect(error.field).toBe(field);
  expect(error.message).not.toContain("canary");
});

test("defaults", () => {
  const { source, pool, connectTimeoutMs, address, cacheIdentity } = resolveOptions(login);
  expect(source).toMatchObject({
    kind: "login",
    options: {
      wantsTelemetry: false,
      connection: { account: "org-name", clientSessionKeepAlive: true, password: "canary-pw-1" },
    },
  });
  expect([pool.max, pool.idleTimeoutMs, connectTimeoutMs]).toEqual([10, 600_000, 30_000]);
  expect(address).toEqual({ host: "org-name.snowflakecomputing.com", port: 443, isTls: true });
  expect(cacheIdentity).toContain("ANN");
  expect(cacheIdentity).not.toContain("canary");
});

test("the cache identity is the principal, and unknown for what a factory or connection brings", () => {
  const identity = (options: SnowflakeDataSourceOptions): string | undefined => resolveOptions(options).cacheIdentity;
  expect(identity({ ...login, password: "other" })).toBe(identity(login));
  const others: Partial<SnowflakeDataSourceOptions>[] = [
    { role: "R" },
    { warehouse: "W" },
    { database: "D" },
    { username: "BOB" },
    { driverOptions: { role: "R" } },
    { integers: "string" },
    { json: "text" },
  ];
  for (const other of others) {
    expect(identity({ ...login, ...other })).not.toBe(identity(login));
  }
  // Nothing but the token says who it is.
  const { account } = login;
  expect([identity({ account, oauthToken: "t" }), identity({ account, accessToken: "t" })]).toEqual([
    undefined,
    undefined,
  ]);
  expect(identity({ account, username: "ANN", oauthToken: "t" })).toContain("ANN");
  expect([identity({ connectionFactory }), identity({ connection })]).toEqual([undefined, undefined]);
  expect(identity({ connectionFactory, cacheIdentity: "me" })).toBe("me");
});

test.each<[object, object]>([
  [
    { privateKey: "pem", privateKeyPass: "p" },
    { authenticator: "SNOWFLAKE_JWT", privateKey: "pem", privateKeyPass: "p" },
  ],
  [{ privateKeyPath: "/k" }, { authenticator: "SNOWFLAKE_JWT", privateKeyPath: "/k" }],
  [{ accessToken: "t" }, { authenticator: "PROGRAMMATIC_ACCESS_TOKEN", token: "t" }],
  [{ oauthToken: "t" }, { authenticator: "OAUTH", token: "t" }],
  [{ authenticator: "externalbrowser" }, { authenticator: "EXTERNALBROWSER" }],
])("credentials as the driver takes them: %o", (given, expected) => {
  const { source } = resolveOptions({ account: "a", username: "ANN", ...given });
  expect(source.kind === "login" && source.options.connection).toMatchObject(expected);
});

test("a given connection is one, whatever the pool says", () => {
  expect(resolveOptions({ connection, pool: { max: 5 } }).pool.max).toBe(1);
});

test("the redactor knows every secret", () => {
  const { redact } = resolveOptions(login);
  expect(inspect(redact("was canary-pw-1 wrong?"))).toBe("'was [redacted] wrong?'");
});
