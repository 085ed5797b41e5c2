import { setTimeout as delay } from "node:timers/promises";
import postgres from "postgres";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type LakebaseEmulator, startLakebaseEmulator } from "../src/index.ts";
import { connect, databaseToken, loginError, mint, workspaceToken } from "./support.ts";

describe("stock style", () => {
  let emulator: LakebaseEmulator;
  beforeAll(async () => {
    emulator = await startLakebaseEmulator();
  });
  beforeEach(() => emulator.resetCounters());
  afterAll(() => emulator.close());

  test("a minted credential logs in at a real Postgres, over verified TLS", async () => {
    await using client = await connect(emulator, await databaseToken(emulator));
    const { rows } = await client.query(
      "SELECT current_user, current_setting('server_version_num')::int / 10000 AS major",
    );
    expect(rows).toEqual([{ current_user: emulator.clientId, major: 18 }]);
    expect(emulator.counters).toMatchObject({ token: 1, mintAutoscaling: 1, connections: 1, logins: 1 });
    expect(emulator.lastSni).toBe("localhost");
    expect(emulator.openConnections).toBe(1);
  });

  test("a Provisioned credential logs in", async () => {
    const response = await fetch(`${emulator.workspaceHost}/api/2.0/database/credentials`, {
      method: "POST",
      headers: { authorization: `Bearer ${await workspaceToken(emulator)}` },
      body: JSON.stringify({ instance_names: [emulator.instanceName], request_id: "r-1" }),
    });
    const { token } = (await response.json()) as { token: string };
    await using client = await connect(emulator, token);
    expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  });

  test("postgres.js with an async password logs in, and the default role can create tables", async () => {
    const { host, port, user, database, ca } = emulator;
    const sql = postgres({ host, port, user, database, ssl: { ca }, pass: () => databaseToken(emulator), max: 1 });
    await sql`CREATE TABLE from_postgres_js (n int)`;
    await sql`INSERT INTO from_postgres_js SELECT generate_series(1, 1000)`;
    expect((await sql`SELECT count(*)::int AS n FROM from_postgres_js`)[0]).toEqual({ n: 1000 });
    await sql.end();
    expect(emulator.lastSni).toBe("localhost");
  });

  test("each rejection reads like stock Postgres, and is counted", async () => {
    const rejected = {
      severity: "FATAL",
      code: "28P01",
      message: `password authentication failed for user "${emulator.user}"`,
    };
    const valid = emulator.databaseToken();
    const other = await startLakebaseEmulator({ postgres: false });
    const passwords = {
      garbage: "not-a-token",
      "tampered with": `${valid.slice(0, -4)}AAAA`,
      "unsigned claims": `${valid.split(".").slice(0, 2).join(".")}.`,
      expired: emulator.databaseToken({ lifeMs: 0 }),
      "not valid yet": emulator.databaseToken({ notBefore: Date.now() + 60_000 }),
      "for another endpoint": emulator.databaseToken({ endpoint: "projects/local/branches/main/endpoints/other" }),
      "for another role": emulator.databaseToken({ role: emulator.userName }),
      "of another emulator": other.databaseToken(),
      "a workspace token": await workspaceToken(emulator),
      "the personal access token": emulator.pat,
    };
    await other.close();
    for (const [what, password] of Object.entries(passwords)) {
      expect({ what, ...(await loginError(emulator, { password })) }).toEqual({ what, ...rejected });
    }
    expect(emulator.counters).toMatchObject({ logins: 0, loginsRejected: 10, connections: 10 });
  });

  test("an empty password is rejected", async () => {
    expect(await loginError(emulator, { password: () => "" })).toMatchObject({ code: "28P01" });
  });

  test("a role without a Postgres role gets Postgres' own error", async () => {
    const password = emulator.databaseToken({ role: "ghost" });
    expect(await loginError(emulator, { user: "ghost", password })).toEqual({
      severity: "FATAL",
      code: "28000",
      message: 'role "ghost" does not exist',
    });
  });

  test("an unknown database gets Postgres' own error", async () => {
    expect(await loginError(emulator, { database: "nowhere", password: emulator.databaseToken() })).toMatchObject({
      code: "3D000",
    });
  });

  test("a further service principal logs in after addRole", async () => {
    emulator.addServicePrincipal("second", "second-secret");
    await emulator.addRole("second");
    const bearer = await workspaceToken({ ...emulator, clientId: "second", clientSecret: "second-secret" });
    const { token } = (await (await mint(emulator, bearer)).json()) as { token: string };
    await using client = await connect({ ...emulator, user: "second" }, token);
    expect((await client.query("SELECT current_user")).rows).toEqual([{ current_user: "second" }]);
    expect(await loginError(emulator, { password: token })).toMatchObject({ code: "28P01" });
  });

  test("revokeTokens turns away every token issued so far, and none issued later", async () => {
    const before = await databaseToken(emulator);
    await using open = await connect(emulator, before);
    emulator.revokeTokens();
    expect(await loginError(emulator, { password: before })).toMatchObject({ code: "28P01" });
    await using client = await connect(emulator, await databaseToken(emulator));
    expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    expect((await open.query("SELECT 2 AS two")).rows).toEqual([{ two: 2 }]);
  });

  test("expiry is checked at login only", async () => {
    const expiresAt = Date.now() + 1000;
    const password = emulator.databaseToken({ lifeMs: 1000 });
    await using client = await connect(emulator, password);
    while (Date.now() < expiresAt + 5) await delay(expiresAt + 5 - Date.now());
    expect((await client.query("SELECT 'still here' AS it")).rows).toEqual([{ it: "still here" }]);
    expect(await loginError(emulator, { password })).toMatchObject({ code: "28P01" });
  });
});

describe("proxy style", () => {
  let emulator: LakebaseEmulator;
  beforeAll(async () => {
    emulator = await startLakebaseEmulator({ errorStyle: "proxy" });
  });
  afterAll(() => emulator.close());

  test("each rejection has severity ERROR, code XX000 and a text of its own", async () => {
    const notBefore = Math.ceil(Date.now() / 1000 + 60) * 1000;
    const revoked = emulator.databaseToken();
    emulator.revokeTokens();
    const expired = emulator.databaseToken({ lifeMs: -5000 });
    const { exp } = JSON.parse(Buffer.from(expired.split(".")[1] ?? "", "base64url").toString()) as { exp: number };
    const failed = `password authentication failed for user '${emulator.user}'`;
    const cases: [string, string][] = [
      ["not-a-token", "Provided authentication token is not a valid JWT encoding"],
      [expired.slice(0, -4).concat("AAAA"), failed],
      [expired, `JWT token has expired (exp=${Math.floor(exp)})`],
      [emulator.databaseToken({ notBefore }), `JWT token is not yet ready to use (nbf=${notBefore / 1000})`],
      [emulator.databaseToken({ endpoint: "projects/a/branches/b/endpoints/c" }), "invalid JWT token audience"],
      [await workspaceToken(emulator), "invalid JWT token audience"],
      [emulator.databaseToken({ role: emulator.userName }), failed],
      [revoked, failed],
    ];
    for (const [password, message] of cases) {
      expect(await loginError(emulator, { password })).toEqual({ severity: "ERROR", code: "XX000", message });
    }
  });

  test("a client without TLS", async () => {
    expect(await loginError(emulator, { ssl: false })).toEqual({
      severity: "ERROR",
      code: "XX000",
      message: "connection is insecure (try using `sslmode=require`)",
    });
  });
});
