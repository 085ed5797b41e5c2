import { existsSync } from "node:fs";
import { connect as connectTcp } from "node:net";
import { once } from "node:events";
import { Client } from "pg";
import { expect, test } from "vitest";
import { exitOf, expectGone, isAlive, nextLine, runNode, serverOf } from "./child.ts";
import { freePort } from "./support.ts";

const NAMES = [
  "PGHOST",
  "PGPORT",
  "PGDATABASE",
  "PGUSER",
  "PGSSLMODE",
  "PGSSLROOTCERT",
  "NODE_EXTRA_CA_CERTS",
  "LAKEBASE_ENDPOINT",
  "DATABRICKS_HOST",
  "DATABRICKS_CLIENT_ID",
  "DATABRICKS_CLIENT_SECRET",
];

async function readEnvironment(run: ReturnType<typeof runNode>): Promise<Record<string, string>> {
  const env: Record<string, string> = {};
  for (const name of NAMES) {
    const line = await nextLine(run);
    const match = /='([^']*)'$/.exec(line);
    expect(line).toContain(`export ${name}='`);
    env[name] = match?.[1] ?? "";
  }
  return env;
}

test.each(["SIGTERM", "SIGINT"] as const)("prints the environment, and cleans up at %s", async (signal) => {
  const [port, apiPort] = [await freePort(), await freePort()];
  await using run = runNode([
    "src/cli.ts",
    `--port=${port}`,
    `--api-port=${apiPort}`,
    "--token-life=90s",
    "--error-style=proxy",
  ]);
  const env = await readEnvironment(run);
  expect(env).toMatchObject({
    PGHOST: "localhost",
    PGPORT: String(port),
    PGSSLMODE: "require",
    DATABRICKS_HOST: `http://127.0.0.1:${apiPort}`,
  });
  const server = serverOf(env["PGSSLROOTCERT"] ?? "");
  expect(isAlive(server.pid)).toBe(true);

  // A fresh process, because NODE_EXTRA_CA_CERTS is read when Node starts.
  const program = `
    const { DATABRICKS_HOST: host, DATABRICKS_CLIENT_ID: id, DATABRICKS_CLIENT_SECRET: secret, LAKEBASE_ENDPOINT: endpoint } = process.env;
    const token = await (await fetch(host + "/oidc/v1/token", { method: "POST",
      headers: { authorization: "Basic " + btoa(id + ":" + secret) },
      body: new URLSearchParams({ grant_type: "client_credentials", scope: "all-apis" }) })).json();
    const minted = await (await fetch(host + "/api/2.0/postgres/credentials", { method: "POST",
      headers: { authorization: "Bearer " + token.access_token }, body: JSON.stringify({ endpoint }) })).json();
    const life = Math.round((Date.parse(minted.expire_time) - Date.now()) / 1000);
    const { Client } = await import("pg");
    const client = new Client({ password: minted.token, ssl: true });
    await client.connect();
    console.log(JSON.stringify([life, (await client.query("SELECT current_user AS me")).rows]));
    await client.end();`;
  await using user = runNode(["--input-type=module", "-e", program], { env: { ...process.env, ...env } });
  expect(JSON.parse(await nextLine(user))).toEqual([90, [{ me: env["PGUSER"] }]]);

  const client = new Client({
    host: "localhost",
    port,
    user: "x",
    password: "nonsense",
    ssl: { rejectUnauthorized: false },
  });
  await expect(client.connect()).rejects.toMatchObject({ code: "XX000" });

  run.child.kill(signal);
  expect(await exitOf(run)).toBe(0);
  expect(run.errors()).not.toContain(env["DATABRICKS_CLIENT_SECRET"]);
  await expectGone(server);
});

test("Ctrl-C, which a terminal sends to the whole process group, is an orderly end too", async () => {
  await using run = runNode(["src/cli.ts"], { detached: true });
  const server = serverOf((await readEnvironment(run))["PGSSLROOTCERT"] ?? "");
  process.kill(-(run.child.pid ?? 0), "SIGINT");
  expect(await exitOf(run)).toBe(0);
  // The CLI has waited for the server before it ended.
  expect([isAlive(server.pid), existsSync(server.directory)]).toEqual([false, false]);
});

test("leaves neither server nor files when it is killed", async () => {
  await using run = runNode(["src/cli.ts"]);
  const env = await readEnvironment(run);
  const server = serverOf(env["PGSSLROOTCERT"] ?? "");
  run.child.kill("SIGKILL");
  expect(await exitOf(run)).toBe("SIGKILL");
  await expectGone(server);
});

test("listens on loopback only", async () => {
  await using run = runNode(["src/cli.ts"]);
  const env = await readEnvironment(run);
  for (const port of [Number(env["PGPORT"]), Number(new URL(env["DATABRICKS_HOST"] ?? "").port)]) {
    // All of 127.0.0.0/8 is this machine: a server on every address would answer here.
    const socket = connectTcp(port, "127.0.0.2");
    const [error] = (await once(socket, "error")) as [NodeJS.ErrnoException];
    expect(error.code).toBe("ECONNREFUSED");
  }
});

test("--help explains and exits 0", async () => {
  await using run = runNode(["src/cli.ts", "--help"]);
  expect(await nextLine(run)).toBe("Usage: lakebase-emulator [options]");
  expect(await exitOf(run)).toBe(0);
});

test.each([
  [["--token-life", "soon"], '--token-life: expected a duration such as 10s, 500ms, 5m or 1h, got "soon"'],
  [["--token-life", "10ms"], "tokenLifeMs: expected milliseconds, at least 1000, got 10"],
  [["--postgres", "12"], "postgresVersion: expected one of 16, 17, 18, got 12"],
  [["--port", "http"], "port: expected a port from 1 to 65535, or 0 for a free one, got NaN"],
  [["--nonsense"], "Unknown option '--nonsense'"],
])("%j exits 1 and says why", async (args, message) => {
  await using run = runNode(["src/cli.ts", ...args]);
  expect(await exitOf(run)).toBe(1);
  expect(run.errors()).toContain(message);
});
