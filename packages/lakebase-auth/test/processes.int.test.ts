import { createServer, type AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { NODE, runChild } from "./children/run.ts";
import { useEmulator } from "./emulator.ts";

const emulator = useEmulator();

describe("a process", () => {
  test.each(["once", "never"])("with an eager provider, used %s, that closes nothing exits by itself", async (use) => {
    const ended = await runChild("eager-and-done.ts", { ...emulator().env, USE: use });
    expect(ended).toMatchObject({ code: 0, signal: null, stdout: use === "once" ? "true done" : " done", stderr: "" });
    expect(emulator().counters.mintAutoscaling).toBe(1);
    expect(ended.durationMs).toBeLessThan(9_000); // no attempt's deadline, and far from the renewal
  });

  test("whose eager provider only fails exits by itself", async () => {
    emulator().faults.api("mintAutoscaling", { status: 503 });
    const ended = await runChild("eager-and-done.ts", emulator().env);
    expect(ended).toMatchObject({ code: 0, signal: null, stdout: " done", stderr: "" });
    expect(ended.durationMs).toBeLessThan(9_000);
  });

  test("that awaits keeps running until the credential comes", async () => {
    const ended = await runChild("awaits.ts", {});
    expect(ended).toMatchObject({ code: 0, stdout: "late", stderr: "" });
  });

  test("that awaits in vain keeps running until the deadline", async () => {
    const ended = await runChild("awaits-in-vain.ts", {});
    expect(ended).toMatchObject({ code: 0, stdout: "TIMEOUT", stderr: "" });
  });
});

describe("postgres.js in a process", () => {
  const closedPort = async (): Promise<number> => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    return port;
  };
  const run = async (env: Record<string, string> = {}) => {
    const ended = await runChild("postgres-js.ts", { ...emulator().env, CA: emulator().ca, ...env });
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: "" });
    const [json = "", alive] = ended.stdout.split(" ");
    expect(alive).toBe("alive");
    return JSON.parse(json) as { first: string; second: string; third: string; tookMs: number };
  };
  const hostLists = ["one host", "several hosts"] as const;
  const hosts = (list: (typeof hostLists)[number]): string =>
    list === "one host" ? "localhost" : `localhost:${emulator().port},localhost:${emulator().port}`;

  test.each(hostLists)("%s: a mint that works", async (list) => {
    expect(await run({ PGHOST: hosts(list) })).toMatchObject({ first: "ok", second: "ok", third: "ok" });
  });

  test.each(hostLists)("%s: a failed mint is the error of each query, and the process lives", async (list) => {
    emulator().faults.api("mintAutoscaling", { status: 403 });
    expect(await run({ PGHOST: hosts(list) })).toMatchObject({
      first: "HTTP_STATUS",
      second: "HTTP_STATUS",
      third: "HTTP_STATUS",
    });
    expect(emulator().counters.connections).toBe(0);
  });

  test.each(hostLists)("%s: a mint that hangs is the query's error within the connect timeout", async (list) => {
    emulator().faults.api("mintAutoscaling", "hang");
    const { tookMs, ...outcomes } = await run({ PGHOST: hosts(list), CONNECT_TIMEOUT: "2" });
    expect(outcomes).toEqual({ first: "TIMEOUT", second: "TIMEOUT", third: "TIMEOUT" });
    expect(tookMs).toBeGreaterThan(3_900);
    expect(tookMs).toBeLessThan(8_000);
  });

  test.each(hostLists)("%s: a mint that fails once, then works", async (list) => {
    emulator().faults.api("token", { status: 401 }, { times: 1 });
    expect(await run({ PGHOST: hosts(list) })).toMatchObject({
      first: "HTTP_STATUS",
      second: "HTTP_STATUS",
      third: "ok",
    });
  });

  test("several hosts: the first cannot be reached, the next is taken", async () => {
    const PGHOST = `localhost:${await closedPort()},localhost:${emulator().port}`;
    expect(await run({ PGHOST })).toMatchObject({ first: "ok", second: "ok", third: "ok" });
  });

  test("several hosts: none can be reached", async () => {
    const [one, two] = [await closedPort(), await closedPort()];
    expect(await run({ PGHOST: `localhost:${one},localhost:${two}` })).toMatchObject({
      first: "ECONNREFUSED",
      second: "ECONNREFUSED",
      third: "ECONNREFUSED",
    });
  });

  test("an unlimited connect timeout is unlimited", async () => {
    expect(await run({ CONNECT_TIMEOUT: "0" })).toMatchObject({ first: "ok", second: "ok", third: "ok" });
  });
});

test("without any identity and without the SDK: what was looked for, and the command", async () => {
  const noSdk = new URL("children/no-sdk.ts", import.meta.url).href;
  const { PGHOST, LAKEBASE_ENDPOINT } = emulator().env;
  const ended = await runChild("who-am-i.ts", { PGHOST, LAKEBASE_ENDPOINT }, [...NODE, `--import=${noSdk}`]);
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  expect(ended.stdout).toBe(
    `ConfigurationError: No workspace identity was found. Looked for, in this order:
  the options tokenProvider, workspaceClient and fetchCredential;
  DATABRICKS_HOST with DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET (a service principal);
  DATABRICKS_HOST with DATABRICKS_TOKEN (a personal access token);
  @databricks/sdk-experimental, for profiles, the databricks CLI, Azure and Google identities: not installed.
Set one of them, or run: npm install @databricks/sdk-experimental`,
  );
});
