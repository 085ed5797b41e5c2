import { execFileSync } from "node:child_process";
import { globSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { median, type Section, times } from "../section.ts";

const IMPORTS = 11;

/** What an install costs on disk, and an import in time. Both are installed with npm into a clean folder. */
export async function benchFootprint(): Promise<Section> {
  const folder = mkdtempSync(join(tmpdir(), "footprint-"));
  try {
    const packageFolder = join(import.meta.dirname, "../../../lakebase-auth");
    execFileSync("pnpm", ["build"], { cwd: packageFolder, stdio: "ignore" });
    execFileSync("pnpm", ["pack", "--pack-destination", folder], { cwd: packageFolder, stdio: "ignore" });
    const [tarball = ""] = globSync("*.tgz", { cwd: folder });
    const installs = [
      install(folder, "ours", join(folder, tarball), "@org/lakebase-auth"),
      install(folder, "peer", "@databricks/lakebase@0.6.0", "@databricks/lakebase"),
    ];
    // In turn, so that a noisy moment meets both.
    const samples = installs.map((): number[] => []);
    for (let i = 0; i < IMPORTS; i++)
      for (const [index, { directory, name }] of installs.entries()) samples[index]?.push(timeImport(directory, name));
    const importMs = samples.map(median);
    const [, peerMs = Number.NaN] = importMs;
    return {
      title: "Footprint",
      method: `Installed with npm into a clean folder; cold import: median of ${IMPORTS} child processes each, in turn.`,
      head: ["", "packages", "installed (kB)", "cold import (ms)", "import against the peer"],
      rows: installs.map(({ name, packages, bytes }, index) => {
        const ms = importMs[index] ?? Number.NaN;
        return [name, packages, Math.round(bytes / 1000), ms.toFixed(1), times(ms / peerMs)];
      }),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function install(folder: string, label: string, spec: string, name: string) {
  const directory = join(folder, label);
  execFileSync("mkdir", ["-p", directory]);
  writeFileSync(join(directory, "package.json"), JSON.stringify({ name: label, private: true }));
  const flags = ["--no-audit", "--no-fund", "--ignore-scripts", "--omit=optional"];
  execFileSync("npm", ["install", ...flags, spec], { cwd: directory, stdio: "ignore" });
  const modules = join(directory, "node_modules");
  const files = globSync("**/*", { cwd: modules }).map((path) => statSync(join(modules, path)));
  const bytes = files.filter((file) => file.isFile()).reduce((sum, { size }) => sum + size, 0);
  const manifests = [
    ...globSync("**/node_modules/*/package.json", { cwd: directory }),
    ...globSync("**/node_modules/@*/*/package.json", { cwd: directory }),
  ];
  return { directory, name, bytes, packages: manifests.length };
}

function timeImport(directory: string, name: string): number {
  const script = `const t = performance.now(); await import(${JSON.stringify(name)}); console.log(performance.now() - t)`;
  const output = execFileSync(process.execPath, ["--input-type=module", "-e", script], {
    cwd: directory,
    encoding: "utf8",
  });
  return Number(output);
}
