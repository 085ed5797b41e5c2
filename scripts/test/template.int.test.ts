import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { type LakebaseEmulator, startLakebaseEmulator } from "@org/lakebase-emulator";
import { type BigQueryEmulator, startBigQueryEmulator } from "@org/warehouse-emulators/bigquery";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { root } from "../src/workspace.ts";
import { type Browser, openBrowser } from "./browser.ts";
import { buildWorkspace } from "./workspace-copy.ts";

const TOKEN = "ya29.token-of-the-template";
const run = promisify(execFile);

// Package managers, compilers and a browser, on a machine that may do other things too.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 300_000 });

let folder: string;
let lakebase: LakebaseEmulator;
let warehouse: BigQueryEmulator;
let browser: Browser;
/** Where the services of the tests so far have listened. */
const visited: string[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "template-"));
  buildWorkspace();
  execFileSync(process.execPath, [join(root, "scripts/src/template-artifact.ts"), "--out", join(folder, "artifact")]);
  [lakebase, warehouse, browser] = await Promise.all([startLakebaseEmulator(), startBigQueryEmulator(), openBrowser()]);
  warehouse.identity.acceptOnly([TOKEN]);
  await warehouse.defineDataset({ dataset: "shop" });
  await warehouse.execute("create table shop.orders (region string, amount int64)");
  await warehouse.execute("insert into shop.orders values ('north', 10), ('north', 20), ('south', 12), ('west', 0)");
});
afterAll(async () => {
  await Promise.all([lakebase.close(), warehouse.close(), browser[Symbol.asyncDispose]()]);
  rmSync(folder, { recursive: true, force: true });
});

/** The user's own configuration, without what the test run puts on top. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(?:CI|NODE_OPTIONS|VITEST.*|NODE_ENV)$/.test(name)),
);

interface Service {
  readonly url: string;
  readonly child: ChildProcess;
  /** Where its connections went. */
  targets(): Set<string>;
}

async function start(top: string): Promise<Service> {
  const file = join(top, "connections.txt");
  writeFileSync(file, "");
  const variables = {
    BIGQUERY_PROJECT: warehouse.projectId,
    BIGQUERY_DATASET: "shop",
    BIGQUERY_ENDPOINT: warehouse.url,
    BIGQUERY_TOKEN: TOKEN,
    LOOPBACK_GUARD_FILE: file,
    PORT: "0",
  };
  const child = spawn(process.execPath, ["--import", join(import.meta.dirname, "loopback-guard.mjs"), "dist/main.js"], {
    cwd: top,
    env: { ...env, ...lakebase.env, ...variables },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  return {
    url: line.replace("Listening on ", ""),
    child,
    targets: () => new Set(readFileSync(file, "utf8").trim().split("\n")),
  };
}

const rows = (id: string): Promise<string[]> => browser.page.locator(`#${id} tr`).allInnerTexts();

test.each([
  ["npm", ["install", "--no-audit", "--no-fund"]],
  ["pnpm", ["install", "--no-frozen-lockfile"]],
])(
  "the packed template installs with %s, builds, starts, and shows its page, all on this machine",
  async (program, install) => {
    const top = join(folder, program);
    cpSync(join(folder, "artifact"), top, { recursive: true });
    await run(program, install, { cwd: top, env });
    await run(program, ["run", "build"], { cwd: top, env });

    lakebase.resetCounters();
    await lakebase.query("drop table if exists notes");
    const { url, child, targets } = await start(top);
    const health = await fetch(new URL("/health", url));
    expect([health.status, await health.json()]).toEqual([200, { ok: true }]);

    const { page, pageHosts, passedHosts } = browser;
    await page.goto(url);
    expect(await rows("notes")).toEqual([]);
    expect(await rows("totals")).toEqual(["north\t30", "south\t12"]);
    expect((await rows("token")).slice(0, 2)).toEqual(["minted\t1", "failed\t0"]);
    await page.getByLabel("Note").fill("<b>first</b> & only");
    await page.getByRole("button").click();
    await page.locator("#notes tr").waitFor();
    expect((await rows("notes")).map((row) => row.split("\t").slice(0, 2))).toEqual([["1", "<b>first</b> & only"]]);
    expect(lakebase.counters.mintAutoscaling).toBe(1);

    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
    visited.push(new URL(url).host);
    expect([...pageHosts]).toEqual(visited);
    expect([...passedHosts]).toEqual(visited);
    expect([...targets()].filter((target) => !["localhost", "127.0.0.1"].includes(target))).toEqual([]);
    expect(targets().size).toBeGreaterThan(0);
  },
);

test("the guards see a request that would leave this machine, and stop it", async () => {
  const file = join(folder, "guarded.txt");
  const program =
    'await fetch("http://192.0.2.1/").catch((error) => console.log(String(error.cause?.message ?? error)))';
  const args = ["--import", join(import.meta.dirname, "loopback-guard.mjs"), "--input-type=module", "--eval", program];
  const { stdout } = await run(process.execPath, args, { env: { ...env, LOOPBACK_GUARD_FILE: file } });
  expect(stdout.trim()).toBe("Not on this machine: 192.0.2.1");
  expect(readFileSync(file, "utf8")).toBe("192.0.2.1\n");

  const other = await openBrowser();
  try {
    await expect(other.page.goto("http://192.0.2.1/")).rejects.toThrow("net::ERR_HTTP_RESPONSE_CODE_FAILURE");
    expect([[...other.pageHosts], [...other.passedHosts]]).toEqual([["192.0.2.1"], []]);
  } finally {
    await other[Symbol.asyncDispose]();
  }
});
