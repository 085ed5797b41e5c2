import { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { startLakebaseEmulator, type LakebaseEmulator } from "@org/lakebase-emulator";
import { sql } from "drizzle-orm";
import { drizzle as drizzlePg } from "drizzle-orm/node-postgres";
import { drizzle as drizzlePostgresJs } from "drizzle-orm/postgres-js";
import { Client, Pool } from "pg";
import postgres from "postgres";
import { describe, expect, test } from "vitest";
import type { ConnectionOptions } from "@org/lakebase-auth";
import { ormConfig, pgConfig, useEmulator } from "./emulator.ts";
import { failure } from "./fake-workspace.ts";

const emulator = useEmulator();

/** Opens one new connection with a driver, asks who is there, closes it; the user. */
type WhoAmI = (emulator: LakebaseEmulator, options?: ConnectionOptions) => Promise<string>;
const WHO = "select current_user as who";
const drivers: [string, WhoAmI][] = [
  [
    "pg",
    async (emulator, options) => {
      await using config = pgConfig(emulator, options);
      const pool = new Pool(config);
      try {
        return (await pool.query<{ who: string }>(WHO)).rows[0]?.who ?? "";
      } finally {
        await pool.end();
      }
    },
  ],
  [
    "postgres.js",
    async (emulator, options) => {
      await using config = ormConfig(emulator, options);
      const client = postgres({ ...config, max: 1 });
      try {
        return (await client<[{ who: string }]>`select current_user as who`)[0].who;
      } finally {
        await client.end();
      }
    },
  ],
  [
    "drizzle on pg",
    async (emulator, options) => {
      await using config = pgConfig(emulator, options);
      const db = drizzlePg({ connection: config });
      try {
        return (await db.execute<{ who: string }>(sql.raw(WHO))).rows[0]?.who ?? "";
      } finally {
        await db.$client.end();
      }
    },
  ],
  [
    "drizzle on postgres.js",
    async (emulator, options) => {
      await using config = ormConfig(emulator, options);
      const db = drizzlePostgresJs({ connection: config });
      try {
        return (await db.execute<{ who: string }>(sql.raw(WHO)))[0]?.who ?? "";
      } finally {
        await db.$client.end();
      }
    },
  ],
];

/** The message of an error and of all its causes. */
const messages = (error: unknown): string =>
  error instanceof Error ? `${error.message} ${String(Reflect.get(error, "code"))} ${messages(error.cause)}` : "";

describe.each(drivers)("%s", (name, whoAmI) => {
  test("logs in with a minted credential, over verified TLS, with the server's name", async () => {
    expect(await whoAmI(emulator())).toBe(emulator().clientId);
    expect(emulator().counters).toMatchObject({ token: 1, mintAutoscaling: 1, loginsRejected: 0 });
    expect(emulator().lastSni).toBe("localhost");
  });

  test("logs in to a Provisioned instance", async () => {
    const { LAKEBASE_ENDPOINT: _, ...env } = emulator().env;
    expect(await whoAmI(emulator(), { env, instanceName: emulator().instanceName })).toBe(emulator().clientId);
    expect(emulator().counters).toMatchObject({ mintAutoscaling: 0, mintProvisioned: 1, loginsRejected: 0 });
    expect(emulator().lastMint?.requestId).toMatch(/^[\da-f-]{36}$/);
  });

  test("logs in with a personal access token as the person behind it", async () => {
    const { DATABRICKS_CLIENT_ID: _, DATABRICKS_CLIENT_SECRET: __, ...env } = emulator().env;
    const options = { env: { ...env, DATABRICKS_TOKEN: emulator().pat }, user: emulator().userName };
    expect(await whoAmI(emulator(), options)).toBe(emulator().userName);
    expect(emulator().counters.token).toBe(0);
  });

  test("logs in with a native password, and mints nothing", async () => {
    expect(await whoAmI(emulator(), { password: emulator().databaseToken() })).toBe(emulator().clientId);
    expect(await whoAmI(emulator(), { password: async () => await Promise.resolve(emulator().databaseToken()) })).toBe(
      emulator().clientId,
    );
    expect(emulator().counters).toMatchObject({ token: 0, mintAutoscaling: 0 });
  });

  test.each(["verify-full", "verify-ca", "require", "prefer"] as const)(
    "in mode %s refuses a server whose authority it does not know, before any token is sent",
    async (sslMode) => {
      const error = await failure(whoAmI(emulator(), { sslMode, ssl: true }));
      expect(messages(error)).toMatch(/self.signed certificate|unable to (verify|get)/i);
      expect(emulator().counters).toMatchObject({ logins: 0, loginsRejected: 0 });
    },
  );

  test("a mint that fails is the query's error", async () => {
    emulator().faults.api("mintAutoscaling", { status: 403 });
    const error = await failure(whoAmI(emulator(), { refresh: "lazy" }));
    expect(messages(error)).toContain("Minting a database credential failed with HTTP 403.");
    expect(emulator().counters).toMatchObject({ mintAutoscaling: 1, connections: name.includes("pg") ? 1 : 0 });
  });
});

test("postgres.js: queries that fail by one mint have errors of their own, for it attaches the query to them", async () => {
  emulator().faults.api("mintAutoscaling", { status: 403 });
  await using config = ormConfig(emulator());
  const client = postgres({ ...config, max: 2 });
  const [one, two] = await Promise.all([failure(client`select ${"mine"}`), failure(client`select ${"yours"}`)]);
  expect(emulator().counters.mintAutoscaling).toBe(1);
  expect(one).not.toBe(two);
  expect([Object.hasOwn(one, "query"), Object.hasOwn(two, "query")]).toEqual([true, true]);
  expect(one.cause).toBe(two.cause);
  expect(one.cause).not.toHaveProperty("query");
  await client.end();
});

test("postgres.js: more failed mints than the pool has places leave it usable", async () => {
  emulator().faults.api("mintAutoscaling", { status: 403 });
  await using config = ormConfig(emulator());
  const client = postgres({ ...config, max: 2 });
  for (let round = 0; round < 5; round++)
    expect(await failure(client`select 1`)).toMatchObject({ name: "CredentialError", status: 403 });
  emulator().faults.clear();
  expect(await client`select 1 as one`).toEqual([{ one: 1 }]);
  await client.end();
});

describe("a server of another name is refused", () => {
  test.each(drivers.filter(([name]) => name.endsWith("postgres.js")))("%s", async (_, whoAmI) => {
    const ssl = { ca: emulator().ca, servername: "elsewhere.example.com" };
    expect(messages(await failure(whoAmI(emulator(), { ssl })))).toContain("ERR_TLS_CERT_ALTNAME_INVALID");
    expect(emulator().counters).toMatchObject({ logins: 0, loginsRejected: 0 });
  });

  test("pg, which takes the name from the host alone", async () => {
    await using config = pgConfig(emulator(), { host: "elsewhere.example.com" });
    const stream = (): Socket => {
      const socket = new Socket();
      const connect = socket.connect.bind(socket);
      return Object.assign(socket, { connect: (port: number) => connect(port, "127.0.0.1") });
    };
    expect(await failure(new Client({ ...config, stream }).connect())).toMatchObject({
      code: "ERR_TLS_CERT_ALTNAME_INVALID",
    });
    expect(emulator().counters).toMatchObject({ connections: 1, logins: 0, loginsRejected: 0 });
  });
});

test("an address gets no server name", async () => {
  await using plain = await startLakebaseEmulator({ requireSni: false });
  for (const [, whoAmI] of drivers) {
    expect(await whoAmI(plain, { host: "127.0.0.1" })).toBe(plain.clientId);
    expect(plain.lastSni).toBeUndefined();
  }
});

test("a login that was refused is repaired by invalidate", async () => {
  await using config = pgConfig(emulator(), { refresh: "lazy" });
  await config.password();
  emulator().revokeTokens();
  const connect = async (): Promise<void> => {
    const client = new Client(config);
    await client.connect();
    await client.end();
  };
  expect(await failure(connect())).toMatchObject({ code: "28P01" });
  config.password.invalidate(await config.password());
  await connect();
  expect(emulator().counters).toMatchObject({ mintAutoscaling: 2, logins: 1, loginsRejected: 1 });
});

test("a workspace token that was revoked is renewed once, in the middle of a mint", async () => {
  await using config = pgConfig(emulator(), { refresh: "lazy" });
  const token = await config.password();
  emulator().revokeTokens("all");
  config.password.invalidate(token);
  const client = new Client(config);
  await client.connect();
  await client.end();
  expect(emulator().counters).toMatchObject({ token: 2, mintAutoscaling: 3, logins: 1, loginsRejected: 0 });
});

describe("with tokens of a few seconds", () => {
  const short = useEmulator({ tokenLifeMs: 4_000 });

  test.each(["eager", "lazy"] as const)(
    "%s: every new connection logs in, over three rotations and an outage inside a life",
    async (refresh) => {
      await using config = pgConfig(short(), { refresh });
      const orm = ormConfig(short(), { refresh });
      const pool = new Pool({ ...config, max: 2, maxUses: 1 });
      const client = postgres({ ...orm, max: 2, max_lifetime: 0.2 });
      const db = drizzlePostgresJs(client);
      let isOut = false;
      let wasOut = false;
      let queries = 0;
      const deadline = performance.now() + 40_000;
      while (short().counters.mintAutoscaling < (wasOut ? 6 : 4) || isOut) {
        expect(performance.now()).toBeLessThan(deadline);
        await Promise.all([pool.query("select 1"), client`select 1`, db.execute(sql`select 1`)]);
        queries += 3;
        if (!wasOut && short().counters.mintAutoscaling === 2) {
          // The next refresh fails while the second token is valid; the API is back before it expires.
          wasOut = true;
          isOut = true;
          short().faults.api("mintAutoscaling", { status: 503 });
        }
        if (isOut && short().counters.mintAutoscaling >= 3) {
          isOut = false;
          short().faults.clear();
        }
        await delay(50);
      }
      await Promise.all([pool.end(), client.end()]);
      await orm.close();
      expect(wasOut).toBe(true);
      expect(queries).toBeGreaterThan(50);
      expect(short().counters.loginsRejected).toBe(0);
      expect(short().counters.logins).toBeGreaterThan(20);
    },
  );
});

test("first connections of two pools and postgres.js at once are 1 token request and 1 mint", async () => {
  const hold = emulator().faults.api("mintAutoscaling", "hold");
  await using config = pgConfig(emulator());
  await using orm = ormConfig(emulator());
  const pools = [new Pool({ ...config, max: 20 }), new Pool({ ...pgConfig(emulator()), max: 20 })];
  const client = postgres({ ...orm, max: 20 });
  const queries = [
    ...pools.flatMap((pool) => Array.from({ length: 20 }, () => pool.query("select pg_sleep(0.05)"))),
    ...Array.from({ length: 20 }, () => client`select pg_sleep(0.05)`),
  ];
  await expect.poll(() => emulator().counters.mintAutoscaling, { timeout: 10_000 }).toBe(1);
  hold();
  await Promise.all(queries);
  expect(emulator().counters).toMatchObject({ token: 1, mintAutoscaling: 1, loginsRejected: 0 });
  await Promise.all([...pools.map((pool) => pool.end()), client.end()]);
});
