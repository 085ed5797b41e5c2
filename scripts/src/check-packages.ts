// Packs every public package as a release would, and looks at the result: what is in it, whether Node and TypeScript
// find their way in it, what it costs. `--record` notes the figures as those of the release that is being made.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { lintPackage } from "./package-lint.ts";
import { findExcess, formatSize, type Size, type SizeRecord } from "./sizes.ts";
import { type StagedPackage, stageWorkspace } from "./staging.ts";
import { publicMembers, root } from "./workspace.ts";

const IMPORTS = 5;
const PATH = join(root, "scripts/sizes.json");

const { values } = parseArgs({ options: { record: { type: "boolean", default: false } } });
const records = JSON.parse(readFileSync(PATH, "utf8")) as Record<string, SizeRecord>;
const folders = new Map(publicMembers().map(({ folder, manifest }) => [manifest.name, folder]));

function measure({ manifest: { name }, tarball }: StagedPackage): Size {
  const sbom = execFileSync(
    "pnpm",
    ["--filter", name, "sbom", "--prod", "--lockfile-only", "--sbom-format", "cyclonedx"],
    { cwd: root, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 },
  );
  const { components } = JSON.parse(sbom) as { readonly components: readonly unknown[] };
  const entry = pathToFileURL(join(root, folders.get(name) ?? "", "dist/index.js")).href;
  const program = `const start = performance.now(); await import(${JSON.stringify(entry)}); console.log(performance.now() - start);`;
  const times = Array.from({ length: IMPORTS }, () =>
    Number(execFileSync(process.execPath, ["--input-type=module", "--eval", program], { encoding: "utf8" })),
  );
  // The least: all above it is what else the machine did.
  return {
    packedBytes: statSync(tarball).size,
    packages: components.length + 1,
    coldImportMs: Math.round(Math.min(...times)),
  };
}

const folder = mkdtempSync(join(tmpdir(), "packages-"));
const faults: string[] = [];
try {
  for (const pkg of stageWorkspace(folder)) {
    const { name, version } = pkg.manifest;
    const wrong = await lintPackage(pkg);
    faults.push(...wrong);
    // What lacks a file may not even be importable.
    if (wrong.length > 0) continue;
    const size = measure(pkg);
    const record = records[name];
    faults.push(...findExcess(name, size, record));
    if (record === undefined) continue;
    console.log(formatSize(name, size, record));
    if (values.record) records[name] = { ...record, released: { version, ...size } };
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (values.record) writeFileSync(PATH, `${JSON.stringify(records, undefined, 2)}\n`);
for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exitCode = 1;
