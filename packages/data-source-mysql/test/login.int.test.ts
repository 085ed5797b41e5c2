import { inspect } from "node:util";
import { afterEach, describe, expect, test } from "vitest";
import { createCertificate } from "@org/warehouse-emulators/mysql";
import { createContext, failure, recorded, until } from "./context.ts";
import { scriptLogin, type Script, type ScriptedLogin, sha2Scramble } from "./scripted-login.ts";

const { observer, server, source } = await createContext();
const certificate = await createCertificate();
const certificateOfName = await createCertificate(false);
const { ca } = certificate;

describe("a password function", () => {
  test("is asked for each physical connection, and not for each statement", async () => {
    const asked: boolean[] = [];
    const reader = source({
      pool: { max: 2 },
      password: ({ isRetry }) => {
        asked.push(isRetry);
        return server.options.password;
      },
    });
    await reader.query("select 1");
    await reader.query("select 1");
    expect(asked).toEqual([false]);
    await Promise.all([reader.query("select sleep(0.1)"), reader.query("select sleep(0.1)")]);
    expect(asked).toEqual([false, false]);
  });

  test("a pool goes on after its token's life: the next connection has the next token", async () => {
    await observer.query("create user minted identified by 'token-1'");
    let token = "token-1";
    const reader = source({ user: "minted", database: "information_schema", password: async () => token });
    const who = "select current_user() as who";
    expect((await reader.query(who)).rows).toEqual([{ who: "minted@%" }]);
    await observer.query("alter user minted identified by 'token-2'");
    token = "token-2";
    // A login is checked once: the open connection stays good.
    expect((await reader.query(who)).rows).toEqual([{ who: "minted@%" }]);
    for (const { id } of await observer.query(
      "select id as id from information_schema.processlist where user = 'minted'",
    )) {
      await observer.query(`kill ${String(id)}`);
    }
    expect((await reader.query(who)).rows).toEqual([{ who: "minted@%" }]);
  });

  test("a refused token is renewed once", async () => {
    await observer.query("create user renewed identified by 'token-canary-2'");
    const asked: boolean[] = [];
    const { events, onEvent } = recorded();
    const reader = source({
      user: "renewed",
      database: "information_schema",
      onEvent,
      password: ({ isRetry }) => {
        asked.push(isRetry);
        return isRetry ? "token-canary-2" : "token-canary-1";
      },
    });
    expect((await reader.query("select 1 as a")).rows).toEqual([{ a: 1n }]);
    expect(asked).toEqual([false, true]);
    expect(events).toContainEqual({ type: "retry", attempt: 2, reason: "password refused" });
    expect(JSON.stringify(events)).not.toContain("canary");
  });

  const attempts = async (): Promise<number> => {
    const counter = server.isMariaDb ? "Access_denied_errors" : "Aborted_connects";
    const [row] = await observer.query(`show global status like '${counter}'`);
    return Number(row?.["Value"]);
  };

  test.each([
    ["refused again", ["wrong-canary-1", "wrong-canary-2"], 2],
    ["the same again, which is not tried twice", ["wrong-canary-1", "wrong-canary-1"], 1],
  ])("%s is AUTHENTICATION", async (_name, tokens, logins) => {
    const before = await attempts();
    const asked: boolean[] = [];
    const reader = source({
      password: ({ isRetry }) => {
        asked.push(isRetry);
        return tokens[asked.length - 1] ?? "";
      },
    });
    const error = await failure(reader.query("select 1"));
    expect(error).toMatchObject({ code: "AUTHENTICATION", nativeCode: "1045", isRetryable: false });
    expect(inspect(error, { depth: 8 }) + JSON.stringify(error)).not.toContain("canary");
    // The server counts when a login's thread ends.
    await until(async () => (await attempts()) - before >= logins);
    expect([asked, (await attempts()) - before]).toEqual([[false, true], logins]);
  });

  test.each<[string, () => string | Promise<string>]>([
    [
      "throws",
      () => {
        throw new Error("no token for canary-secret-password");
      },
    ],
    ["gives nothing", () => ""],
    ["gives what is no text", () => 5 as never],
  ])("one that %s is AUTHENTICATION, and a static password is not asked for", async (_name, password) => {
    expect(await failure(source({ password }).query("select 1"))).toMatchObject({ code: "AUTHENTICATION" });
  });

  test("a slow one counts against connectTimeoutMs", async () => {
    const reader = source({ connectTimeoutMs: 100, password: () => new Promise(() => undefined) });
    expect(await failure(reader.query("select 1"))).toMatchObject({ code: "CONNECT_TIMEOUT", isRetryable: true });
  });
});

describe("ways to log in that only MySQL has, on a scripted server", () => {
  const open: ScriptedLogin[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((each) => each.close()));
  });
  const script = async (steps: Script): Promise<ScriptedLogin> => {
    const scripted = await scriptLogin(steps);
    open.push(scripted);
    return scripted;
  };

  test("mysql_clear_password over verified TLS: each connection sends its own token", async () => {
    let count = 0;
    const scripted = await script({
      plugin: "mysql_native_password",
      switchTo: "mysql_clear_password",
      tls: certificate,
      accepts: ({ second }) => second?.toString() !== "token-2\0",
    });
    const { port, logins } = scripted;
    const reader = source({ port, ssl: { ca }, password: () => `token-${(count += 1)}`, pool: { max: 2 } });
    const both = [failure(reader.query("select 1")), failure(reader.query("select 1"))];
    expect((await Promise.all(both)).map(({ code }) => code)).toEqual(["NOT_FOUND", "NOT_FOUND"]);
    // The second was refused, and renewed once.
    expect(logins.map(({ second }) => second?.toString()).toSorted((a = "", b = "") => a.localeCompare(b))).toEqual([
      "token-1\0",
      "token-2\0",
      "token-3\0",
    ]);
    expect(logins.every(({ user, isEncrypted }) => user === "tester" && isEncrypted)).toBe(true);
  });

  test.each<[string, Partial<Script>, object]>([
    ["no TLS", {}, { ssl: false, password: () => "canary-token" }],
    [
      "TLS that does not verify",
      { tls: certificate },
      { ssl: { rejectUnauthorized: false }, password: () => "canary-token" },
    ],
    ["a static password", { tls: certificate }, { ssl: { ca }, password: "canary-token" }],
    [
      "clearPassword: false",
      { tls: certificate },
      { ssl: { ca }, password: () => "canary-token", clearPassword: false },
    ],
  ])("with %s the password itself is never sent", async (_name, own, options) => {
    const scripted = await script({
      plugin: "mysql_native_password",
      switchTo: "mysql_clear_password",
      accepts: () => true,
      ...own,
    });
    const error = await failure(source({ port: scripted.port, ...options }).query("select 1"));
    expect(error.code).toBe("AUTHENTICATION");
    expect(scripted.logins.map(({ first, second }) => String(first) + String(second)).join("")).not.toContain("canary");
  });

  test("caching_sha2_password: the scramble, and over TLS the password when the server has none cached", async () => {
    const accepts: Script["accepts"] = ({ first, second }) =>
      first.equals(sha2Scramble("sha-password")) && (second === undefined || second.toString() === "sha-password\0");
    const cached = await script({ plugin: "caching_sha2_password", accepts });
    const options = { ssl: false, password: "sha-password" } as const;
    expect(await failure(source({ port: cached.port, ...options }).query("select 1"))).toMatchObject({
      code: "NOT_FOUND",
    });
    const full = await script({ plugin: "caching_sha2_password", isCached: false, tls: certificate, accepts });
    expect(await failure(source({ port: full.port, ...options, ssl: { ca } }).query("select 1"))).toMatchObject({
      code: "NOT_FOUND",
    });
    expect([cached.logins[0]?.isEncrypted, full.logins[0]?.isEncrypted]).toEqual([false, true]);
  });

  test.each<[string, object, object]>([
    ["another authority's certificate", { ssl: true }, certificate],
    ["a certificate for a name, at an address", { host: "127.0.0.1" }, certificateOfName],
    ["a server without TLS", { ssl: { ca } }, {}],
  ])("%s is refused before anything of the login is sent", async (_name, options, own) => {
    const { ca: authority, ...tls } = own as Partial<typeof certificate>;
    const scripted = await script({
      plugin: "mysql_native_password",
      accepts: () => true,
      ...(tls.cert !== undefined && { tls: tls as Required<typeof tls> }),
    });
    const ssl = authority === undefined ? { ca } : { ca: authority };
    const error = await failure(source({ port: scripted.port, ssl, ...options }).query("select 1"));
    expect(error).toMatchObject({ code: "CONNECTION", isRetryable: false });
    expect(scripted.logins).toEqual([]);
  });

  test("the same certificate is good for its name", async () => {
    const { ca: authority, ...tls } = certificateOfName;
    const scripted = await script({ plugin: "mysql_native_password", tls, accepts: () => true });
    await failure(source({ host: "localhost", port: scripted.port, ssl: { ca: authority } }).query("select 1"));
    expect(scripted.logins).toHaveLength(1);
  });
});
