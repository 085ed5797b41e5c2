// Publishes what was staged, in the order of the dependencies: node scripts/src/publish.ts [--stage <folder>] [--dry-run]
// Run again after a failure, it goes on where it stopped.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { describesRelease, readChangesets } from "./changesets.ts";
import { listExports } from "./export-list.ts";
import { publishAll } from "./publication.ts";
import { publishOrder } from "./publish-order.ts";
import { openRegistry, type Registry } from "./registry.ts";
import {
  findWrongChecksums,
  readFromTarball,
  readStage,
  readTarball,
  type StagedPackage,
  withTemporaryFolder,
} from "./staging.ts";
import { findTarballFaults } from "./tarball-faults.ts";
import { findUndescribedExports } from "./undescribed-exports.ts";
import { root } from "./workspace.ts";

const { values } = parseArgs({
  options: {
    "dry-run": { type: "boolean", default: false },
    stage: { type: "string", default: ".release" },
    top: { type: "string", default: root },
  },
});
const top = resolve(values.top);
const stage = resolve(top, values.stage);
const read = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { cwd: top, encoding: "utf8" }).trim();

function wrongTree(): string[] {
  const changed = read("git", "status", "--porcelain");
  return changed === "" ? [] : [`The tree has changes that no commit holds:\n${changed}`];
}

async function undescribedExports(pkg: StagedPackage, registry: Registry): Promise<string | undefined> {
  const { name, version } = pkg.manifest;
  const published = await registry.look(name);
  const latest = published?.latest;
  const tarball = latest === undefined ? undefined : published?.versions.get(latest)?.tarball;
  const bytes = tarball === undefined ? undefined : await registry.download(tarball);
  const before =
    bytes === undefined || latest === undefined
      ? undefined
      : withTemporaryFolder((folder) => {
          writeFileSync(join(folder, "latest.tgz"), bytes);
          return { version: latest, exports: exportsOf(readTarball(join(folder, "latest.tgz"))) };
        });
  return findUndescribedExports({
    name,
    version,
    exports: exportsOf(pkg),
    published: before,
    hasChangeset: readChangesets(top).some(({ packages }) => packages.includes(name)),
    isDescribed:
      pkg.files.includes("CHANGELOG.md") && describesRelease(readFromTarball(pkg.tarball, "CHANGELOG.md"), version),
  });
}

function exportsOf({ manifest, tarball }: StagedPackage): string[] {
  return listExports(manifest, (path) => readFromTarball(tarball, path));
}

const staged = new Map(readStage(stage).map((pkg) => [pkg.manifest.name, pkg]));
const packages = publishOrder([...staged.values()].map(({ manifest }) => manifest)).flatMap(
  (name) => staged.get(name) ?? [],
);
// The one of the scope wins, as it does for pnpm.
const [scope = ""] = packages[0]?.manifest.name.split("/") ?? [];
const configured = [`${scope}:registry`, "registry"].map((key) => read("pnpm", "config", "get", key));
const registry = openRegistry(configured.find((url) => URL.canParse(url)) ?? "", {
  provenance: process.env["CI"] !== undefined,
});

const refusals = [
  ...(packages.length === 0 ? [`${stage}: nothing is staged; run "node scripts/src/stage.ts" first`] : []),
  ...wrongTree(),
  ...packages.flatMap(({ tarball }) => findWrongChecksums(tarball)),
  ...packages.flatMap(({ manifest, files }) => findTarballFaults(manifest, files)),
];
if (refusals.length === 0)
  for (const pkg of packages) refusals.push(...[(await undescribedExports(pkg, registry)) ?? []].flat());
if (refusals.length > 0) {
  for (const refusal of refusals) console.error(refusal);
  console.error("Nothing is published.");
  process.exitCode = 1;
} else await publishAll(packages, { registry, dryRun: values["dry-run"], log: console.log, sleep: (ms) => sleep(ms) });
