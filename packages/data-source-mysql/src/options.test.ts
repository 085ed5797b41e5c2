import { ConfigurationError } from "@org/data-source-core";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { type MySqlDataSourceOptions, resolveOptions } from "./options.ts";

const resolve = (options: MySqlDataSourceOptions) => resolveOptions({ env: {}, user: "u", ...options });

const failure = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};

describe("where and who", () => {
  test("the defaults", () => {
    expect(resolve({})).toMatchObject({ host: "localhost", port: 3306, user: "u", database: undefined, ssl: false });
  });

  test("a URL, and the options beside it", () => {
    const url = "mariadb://ad%40a:p%2Fw@db.example.com:3307/sh%20op?ssl-mode=disabled";
    expect(resolveOptions({ url, env: {} })).toMatchObject({
      host: "db.example.com",
      port: 3307,
      user: "ad@a",
      password: "p/w",
      database: "sh op",
      ssl: false,
    });
    expect(resolveOptions({ url, env: {}, host: "other", port: 1, ssl: true })).toMatchObject({
      host: "other",
      port: 1,
      ssl: {},
    });
    expect(resolveOptions({ url: "mysql://u@[::1]/x", env: {} }).host).toBe("::1");
  });

  test("the environment comes last", () => {
    const env = { MYSQL_HOST: "h", MYSQL_TCP_PORT: "33", MYSQL_USER: "e", MYSQL_PWD: "p", MYSQL_DATABASE: "d" };
    expect(resolveOptions({ env })).toMatchObject({ host: "h", port: 33, user: "e", password: "p", database: "d" });
    expect(resolveOptions({ env, url: "mysql://u@x:1/y" })).toMatchObject({
      host: "x",
      port: 1,
      user: "u",
      database: "y",
    });
  });

  test.each<[object, string]>([
    [{ user: "" }, "user"],
    [{ port: 0 }, "port"],
    [{ port: 70_000 }, "port"],
    [{ url: "postgres://u@h/d" }, "url"],
    [{ url: "mysql://u:canary-pw@h:x/d" }, "url"],
    [{ url: "mysql://u:canary-pw%zz@h/d" }, "url"],
    [{ url: "mysql://u:canary-pw@h/d?sslmode=require" }, "url"],
    [{ password: 5 }, "password"],
    [{ hots: "h" }, "hots"],
    [{ ssl: "yes" }, "ssl"],
  ])("%o is refused by name, without its secret", (options, field) => {
    const error = failure(() => resolve(options));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({ field });
    expect(inspect(error)).not.toContain("canary");
  });

  test("no user is an error that says where to put one", () => {
    expect(() => resolveOptions({ env: {} })).toThrow("MYSQL_USER");
  });
});

describe("TLS", () => {
  test("verified unless the host is this machine", () => {
    for (const host of ["localhost", "127.0.0.1", "127.1.2.3", "::1", "/run/mysqld.sock"]) {
      expect(resolve({ host }).ssl, host).toBe(false);
    }
    for (const host of ["db.example.com", "10.0.0.1", "localhost.example.com"]) {
      expect(resolve({ host }).ssl, host).toEqual({});
    }
    expect(resolve({ host: "127.0.0.1", ssl: true }).ssl).toEqual({});
    expect(resolve({ url: "mysql://u@127.0.0.1/?ssl-mode=REQUIRED" }).ssl).toEqual({});
    expect(resolve({ host: "db.example.com", ssl: false }).ssl).toBe(false);
  });

  test("the password itself may be asked for only over TLS that verifies", () => {
    const host = "db.example.com";
    const password = (): string => "token";
    expect(resolve({ host, password }).clearPassword).toBe(true);
    expect(resolve({ host, password: "static" }).clearPassword).toBe(false);
    expect(resolve({ host, password, ssl: { rejectUnauthorized: false } }).clearPassword).toBe(false);
    expect(resolve({ host: "localhost", password }).clearPassword).toBe(false);
    expect(resolve({ host, password: "static", clearPassword: true }).clearPassword).toBe(true);
    for (const ssl of [false, { rejectUnauthorized: false }]) {
      expect(() => resolve({ host, password, ssl, clearPassword: true })).toThrow(
        expect.objectContaining({ field: "clearPassword" }),
      );
    }
  });
});
