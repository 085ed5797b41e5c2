import { inspect } from "node:util";
import { isDataSourceError } from "@org/data-source-core";
import { describe, expect, test } from "vitest";
import { type PostgresDataSourceOptions, resolveOptions } from "./options.ts";

const canary = "s3cr3t-canary";
const base = { user: "reader", env: {} };
const resolve = (options: PostgresDataSourceOptions) => resolveOptions({ ...base, ...options });
const target = ({ host, port, user, database, password, ssl, applicationName }: ReturnType<typeof resolveOptions>) => ({
  host,
  port,
  user,
  database,
  password,
  ssl,
  applicationName,
});

describe("where to connect", () => {
  test("without anything but a user: this machine, in the clear", () => {
    expect(target(resolve({}))).toEqual({
      host: "localhost",
      port: 5432,
      user: "reader",
      database: "reader",
      password: undefined,
      ssl: false,
      applicationName: undefined,
    });
  });

  const env = {
    PGHOST: "env.example.com",
    PGPORT: "6000",
    PGUSER: "env-user",
    PGPASSWORD: "env-password",
    PGDATABASE: "env-database",
    PGSSLMODE: "disable",
    PGAPPNAME: "env-app",
  };
  const fromEnv = {
    host: "env.example.com",
    port: 6000,
    user: "env-user",
    database: "env-database",
    password: "env-password",
    ssl: false,
    applicationName: "env-app",
  };
  const url =
    "postgresql://url%20user:url%2Fpassword@[::1]:7000/url%20database?sslmode=require&application_name=url-app";
  const fromUrl = {
    host: "::1",
    port: 7000,
    user: "url user",
    database: "url database",
    password: "url/password",
    ssl: { rejectUnauthorized: true },
    applicationName: "url-app",
  };
  const options = {
    host: "option.example.com",
    port: 8000,
    user: "option-user",
    database: "option-database",
    password: "option-password",
    ssl: { ca: "certificate" },
    applicationName: "option-app",
  };
  test("the variables fill in, a url wins over them, an option over both", () => {
    expect(target(resolveOptions({ env }))).toEqual(fromEnv);
    expect(target(resolveOptions({ env, url }))).toEqual(fromUrl);
    expect(target(resolveOptions({ env, url, ...options }))).toEqual({
      ...options,
      ssl: { rejectUnauthorized: true, ca: "certificate" },
    });
  });

  test.each<[string, PostgresDataSourceOptions, boolean]>([
    ["another machine", { host: "db.example.com" }, true],
    ["this machine", { host: "127.0.0.1" }, false],
    ["this machine, by IPv6", { host: "::1" }, false],
    ["a socket", { url: "postgres:///db?host=/var/run" }, false],
    ["this machine, asked for", { host: "localhost", ssl: true }, true],
    ["another machine, refused", { host: "db.example.com", ssl: false }, false],
    ["prefer", { host: "db.example.com", env: { PGSSLMODE: "prefer" } }, true],
    ["an option against sslmode", { url: "postgres://reader@db.example.com/d?sslmode=disable", ssl: true }, true],
  ])("TLS to %s", (_name, given, isVerified) => {
    expect(resolve(given).ssl).toEqual(isVerified ? { rejectUnauthorized: true } : false);
  });

  test.each<[PostgresDataSourceOptions, number]>([
    [{ flavour: "redshift" }, 5439],
    [{ flavour: "redshift", port: 1 }, 1],
    [{ env: { PGPORT: "" } }, 5432],
    [{ port: 65_535 }, 65_535],
  ])("%o: port %i", (given, port) => {
    expect(resolve(given).port).toBe(port);
  });

  test.each([
    ["ep-calm-sun-pooler.example.com", "transaction"],
    ["ep-calm-sun.example.com", "none"],
    ["ep-calm-sun.x-pooler.example.com", "none"],
  ] as const)("%s: pooler %s, unless it is stated", (host, pooler) => {
    expect(resolve({ host }).pooler).toBe(pooler);
    expect(resolve({ host, pooler: "none" }).pooler).toBe("none");
  });

  test("a password that is a function stays one", () => {
    const password = () => "x";
    expect(resolve({ password }).password).toBe(password);
  });
});

describe("what is wrong is named, and holds no secret", () => {
  test.each<[string, object]>([
    ["user", { user: undefined }],
    ["user", { user: 1 }],
    ["host", { host: 1 }],
    ["port", { port: 0 }],
    ["port", { port: 65_536 }],
    ["port", { port: 1.5 }],
    ["port", { env: { PGPORT: "many" } }],
    ["database", { database: {} }],
    ["password", { password: 1 }],
    ["ssl", { ssl: "require" }],
    ["sslmode", { env: { PGSSLMODE: "always" } }],
    ["applicationName", { applicationName: 1 }],
    ["url", { url: `postgres://u:${canary}@host:port/db` }],
    ["url", { url: `mysql://u:${canary}@host/db` }],
    ["url", { url: `postgres://u:${canary}@host/db?sslrootcert=x` }],
    ["url", { url: 1 }],
    ["url", { url: `postgres://u:${canary}@host/db`, auth: "lakebase" }],
    ["auth", { auth: 1 }],
    ["flavour", { flavour: "mysql" }],
    ["pooler", { pooler: "session" }],
    ["preparedStatements", { preparedStatements: 1 }],
    ["preparedStatements", { preparedStatements: true, pooler: "transaction" }],
    ["preparedStatements", { preparedStatements: true, host: "ep-x-pooler.example.com" }],
    ["preparedStatements", { preparedStatements: true, flavour: "redshift" }],
    ["hostname", { hostname: "x" }],
    ["pool.max", { pool: { max: 0 } }],
    ["access", { access: "write" }],
  ])("%s: %o", (field, given) => {
    let error: unknown;
    try {
      resolveOptions({ ...base, password: canary, ...given });
    } catch (thrown) {
      error = thrown;
    }
    expect(isDataSourceError(error, "CONFIGURATION")).toBe(true);
    expect(error).toMatchObject({ field });
    expect((error as Error).message).toContain(field);
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(canary);
  });
});

test("preparedStatements is off unless asked for", () => {
  expect([{}, { preparedStatements: true }].map((given) => resolve(given).preparedStatements)).toEqual([false, true]);
  expect(resolve({ preparedStatements: false, pooler: "transaction" }).preparedStatements).toBe(false);
});

test("the password is redacted from the start", () => {
  expect(resolve({ password: canary }).redact(`it was ${canary}`)).not.toContain(canary);
  expect(resolve({ url: `postgres://u:${canary}@h/d` }).redact(`it was ${canary}`)).not.toContain(canary);
});

test("Redshift is a flavour of its own port, which its URL stands for", () => {
  const { flavour, port } = resolveOptions({ url: "redshift://reader@h.example.com/d", env: {} });
  expect([flavour, port]).toEqual(["redshift", 5439]);
  expect(resolveOptions({ url: "postgres://reader@h.example.com/d", env: {} }).flavour).toBe("postgres");
  expect(resolveOptions({ url: "redshift://reader@h.example.com/d", flavour: "postgres", env: {} }).port).toBe(5432);
});
