import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type LakebaseEmulator, startLakebaseEmulator } from "@org/lakebase-emulator";
import { inc } from "semver";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { publishOrder } from "../src/publish-order.ts";
import { openRegistry } from "../src/registry.ts";
import { publicMembers, root } from "../src/workspace.ts";
import { createConsumer } from "./consumer.ts";
import { environmentFor, type LocalRegistry, startLocalRegistry } from "./local-registry.ts";
import { startUploadGate, type UploadGate } from "./upload-gate.ts";
import { commitAll, copyWorkspace } from "./workspace-copy.ts";

// The tests tell one story, in order: first releases, users, a patch.
const AUTH = "@org/lakebase-auth";
const SOURCE = "@org/data-source";
const order = publishOrder(publicMembers().map(({ manifest }) => manifest));
const run = promisify(execFile);

// Package managers, compilers and a browser, on a machine that may do other things too.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 300_000 });

let folder: string;
let top: string;
let registry: LocalRegistry;
let gate: UploadGate;
let env: NodeJS.ProcessEnv;
let emulator: LakebaseEmulator;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "publishing-"));
  top = join(folder, "workspace");
  copyWorkspace(top);
  [registry, emulator] = await Promise.all([
    startLocalRegistry(join(folder, "registry"), "@org"),
    startLakebaseEmulator(),
  ]);
  gate = await startUploadGate(registry.url);
  env = environmentFor(folder, gate.url);
});
afterAll(async () => {
  await gate[Symbol.asyncDispose]();
  await Promise.all([registry[Symbol.asyncDispose](), emulator.close()]);
  rmSync(folder, { recursive: true, force: true });
});

const script = (name: string): string => join(root, "scripts/src", name);
const stage = (...args: string[]): string =>
  execFileSync(process.execPath, [script("stage.ts"), "--top", top, ...args], { env, encoding: "utf8" });
const published = async (): Promise<string[]> => {
  const { look } = openRegistry(registry.url, { provenance: false });
  const found = await Promise.all(order.map(async (name) => ((await look(name)) === undefined ? [] : [name])));
  return found.flat();
};

/** Runs publish.ts and ends it, as a lost machine would, when the gate says so. */
async function publish(
  judge: (path: string, isStored: boolean, kill: () => void) => ReturnType<UploadGate["judge"]>,
  ...args: string[]
) {
  const child = spawn(process.execPath, [script("publish.ts"), "--top", top, ...args], {
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const kill = (): void => void process.kill(-(child.pid ?? 0), "SIGKILL");
  gate.judge = (path, isStored) => judge(path, isStored, kill);
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  gate.judge = () => "pass";
  return { lines: output.trim().split("\n"), code, signal };
}
const pass = () => "pass" as const;
const versionOf = (name: string): string =>
  publicMembers(top).find(({ manifest }) => manifest.name === name)?.manifest.version ?? "";
const linesFor = (names: readonly string[], verb: string): string[] =>
  names.map((name) => `${verb} ${name}@${versionOf(name)}`);

test("refuses a tree with changes, a stage with a changed file, and says what it would do otherwise", async () => {
  stage();
  writeFileSync(join(top, "left-behind.txt"), "");
  const dirty = await publish(pass);
  expect(dirty).toMatchObject({
    code: 1,
    lines: ["The tree has changes that no commit holds:", "?? left-behind.txt", "Nothing is published."],
  });
  rmSync(join(top, "left-behind.txt"));

  expect(await publish(pass, "--dry-run")).toEqual({ code: 0, signal: null, lines: linesFor(order, "would publish") });

  const name = `org-lakebase-auth-${versionOf(AUTH)}.cdx.json`;
  const sbom = join(top, ".release", name);
  writeFileSync(sbom, readFileSync(sbom, "utf8").replace("CycloneDX", "cyclonedx"));
  const changed = await publish(pass);
  expect(changed.lines).toEqual([`${name}: is not what its checksum says; stage it again`, "Nothing is published."]);
  expect(await published()).toEqual([]);
});

test("in CI publishes with provenance or not at all", async () => {
  stage();
  const args = ["--top", top];
  const inCi = run(process.execPath, [script("publish.ts"), ...args], { env: { ...env, CI: "true" } });
  await expect(inCi).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining("ERR_PNPM_PROVENANCE") as string,
  });
  expect(await published()).toEqual([]);
});

test("killed after the second package, and again when the third is stored but unconfirmed, goes on where it stopped", async () => {
  stage();
  let uploads = 0;
  const first = await publish((_path, _isStored, kill) => {
    uploads += 1;
    if (uploads < 3) return "pass";
    kill();
    return "lose";
  });
  expect(first).toEqual({ code: null, signal: "SIGKILL", lines: linesFor(order.slice(0, 2), "published") });
  expect(await published()).toEqual(order.slice(0, 2));

  const second = await publish((_path, isStored, kill) => {
    if (isStored) kill();
    return "silence";
  });
  expect(second).toEqual({ code: null, signal: "SIGKILL", lines: linesFor(order.slice(0, 2), "skipped") });
  expect(await published()).toEqual(order.slice(0, 3));

  const paths: string[] = [];
  const third = await publish((path) => {
    paths.push(path);
    return "pass";
  });
  expect(third).toEqual({
    code: 0,
    signal: null,
    lines: [...linesFor(order.slice(0, 3), "skipped"), ...linesFor(order.slice(3), "published")],
  });
  expect(paths).toEqual(order.slice(3).map((name) => `/${name}`));
  expect(await published()).toEqual(order);
});

test("refuses exports that no changeset describes, and what no build has made", async () => {
  const types = join(top, "packages/lakebase-auth/dist/index.d.ts");
  const text = readFileSync(types, "utf8");
  writeFileSync(types, `${text}\nexport declare const surprise: 1;\n`);
  stage();
  expect(await publish(pass)).toMatchObject({
    code: 1,
    lines: [
      `${AUTH}: its exports differ from those of ${versionOf(AUTH)} (+.#surprise), and no changeset says so: run "pnpm changeset"`,
      "Nothing is published.",
    ],
  });
  rmSync(types);
  stage();
  expect(await publish(pass)).toMatchObject({
    code: 1,
    lines: [`${AUTH}: ./dist/index.d.ts is not there: run "pnpm build"`, "Nothing is published."],
  });
  writeFileSync(types, text);
});

const useAuth = `
const config = getPgConfig();
const password = await config.password();
console.log(typeof password, password.split(".").length);
await config.close();`;
const useSource = `
const source = await createDataSource({ kind: "postgres", auth: "lakebase" });
const { rows } = await source.query("select 40 + 2 as answer");
console.log(source.kind, rows);
await source.close();`;
const inFunction = (body: string): string => `void (async () => {${body}\n})();`;

test("lakebase-auth installs alone, and runs as ESM, through require(), and by its types", async () => {
  const consumer = createConsumer(join(folder, "auth"), env);
  await consumer.install("npm", [AUTH]);
  const lock = JSON.parse(readFileSync(join(consumer.folder, "package-lock.json"), "utf8")) as { packages: object };
  expect(Object.keys(lock.packages)).toEqual(["", `node_modules/${AUTH}`]);

  expect(await consumer.run("mjs", `import { getPgConfig } from "${AUTH}";${useAuth}`, emulator.env)).toBe("string 3");
  const required = `const { getPgConfig } = require("${AUTH}");${inFunction(useAuth)}`;
  expect(await consumer.run("cjs", required, emulator.env)).toBe("string 3");
  const typed = `import { getPgConfig } from "${AUTH}";\nexport const password: string | undefined = await getPgConfig().password();`;
  for (const moduleResolution of ["bundler", "nodenext"] as const) await consumer.check(moduleResolution, typed);
});

test("a data source installs, and runs as ESM, through require(), and by its types", async () => {
  const consumer = createConsumer(join(folder, "source"), env);
  await consumer.install("pnpm", [SOURCE, "@types/node"]);
  const answer = "postgres [ { answer: 42n } ]";
  expect(await consumer.run("mjs", `import { createDataSource } from "${SOURCE}";${useSource}`, emulator.env)).toBe(
    answer,
  );
  const required = `const { createDataSource } = require("${SOURCE}");${inFunction(useSource)}`;
  expect(await consumer.run("cjs", required, emulator.env)).toBe(answer);
  const typed = `import { createDataSource } from "${SOURCE}";\nexport const { rows } = await (await createDataSource("postgres://localhost/shop")).query("select 1");`;
  for (const moduleResolution of ["bundler", "nodenext"] as const) await consumer.check(moduleResolution, typed);
});

interface Installed {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, Installed>>;
}

/** Every version of a package in a tree of what is installed. */
function versionsIn({ dependencies = {} }: Installed, name: string): string[] {
  const own = dependencies[name]?.version;
  const deeper = Object.values(dependencies).flatMap((dependency) => versionsIn(dependency, name));
  return [...new Set([...(own === undefined ? [] : [own]), ...deeper])];
}

test("a patch of lakebase-auth alone reaches a data source that is not released again", async () => {
  const before = { auth: versionOf(AUTH), source: versionOf(SOURCE) };
  writeFileSync(join(top, ".changeset/patch.md"), `---\n"${AUTH}": patch\n---\n\nA fix.\n`);
  await run(process.execPath, [join(root, "node_modules/@changesets/cli/bin.js"), "version"], { cwd: top, env });
  commitAll(top, "Version packages");
  stage();
  const { code, lines } = await publish(pass);
  const [, ...others] = order;
  expect({ code, lines }).toEqual({
    code: 0,
    lines: [...linesFor([AUTH], "published"), ...linesFor(others, "skipped")],
  });

  const consumer = createConsumer(join(folder, "patched"), env);
  await consumer.install("pnpm", [SOURCE]);
  const { stdout } = await run("pnpm", ["list", "--json", "--depth", "Infinity"], { cwd: consumer.folder, env });
  const [project] = JSON.parse(stdout) as [Installed];
  expect(versionsIn(project, SOURCE)).toEqual([before.source]);
  expect(versionsIn(project, AUTH)).toEqual([inc(before.auth, "patch")]);
});

test("a tarball of a prerelease brings its siblings of the same build, though releases are there, and is never the latest", async () => {
  const sha = execFileSync("git", ["rev-parse", "HEAD"], { cwd: top, encoding: "utf8" }).trim();
  stage("--prerelease", sha);
  expect(await publish(pass)).toMatchObject({
    code: 0,
    lines: order.map((name) => `published ${name}@${versionOf(name)}-pr.${sha}`),
  });

  const consumer = createConsumer(join(folder, "prerelease"), env);
  const tarball = `org-data-source-postgres-${versionOf(SOURCE)}-pr.${sha}.tgz`;
  await consumer.install("npm", [join(top, ".release", tarball)]);
  const lock = JSON.parse(readFileSync(join(consumer.folder, "package-lock.json"), "utf8")) as {
    packages: Record<string, { version: string }>;
  };
  const ours = Object.entries(lock.packages).filter(([path]) => path.includes("/@org/"));
  expect(ours.map(([path]) => path.replace("node_modules/", "")).toSorted()).toEqual([
    "@org/data-source-core",
    "@org/data-source-postgres",
    AUTH,
  ]);
  expect(ours.filter(([, { version }]) => !version.endsWith(`-pr.${sha}`))).toEqual([]);

  const { look } = openRegistry(registry.url, { provenance: false });
  expect((await look(SOURCE))?.latest).toBe(versionOf(SOURCE));
});
