// Whatever a branch changes for users has a changeset of its own: node scripts/src/check-changesets.ts --since <branch>
import { execFileSync } from "node:child_process";
import { parseArgs } from "node:util";
import { readChangesets } from "./changesets.ts";
import { findMissingChangesets } from "./missing-changesets.ts";
import { type Manifest, publicMembers, root } from "./workspace.ts";

const { values } = parseArgs({ options: { since: { type: "string", default: "main" } } });
const git = (...args: string[]): string =>
  execFileSync("git", args, { cwd: root, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });

const base = git("merge-base", values.since, "HEAD").trim();
const paths = git("diff", "--name-only", "--no-renames", base).trim().split("\n");
const before = new Set(git("ls-tree", "-r", "--name-only", base).trim().split("\n"));
const changed = new Set(paths);
const packages = publicMembers().map(({ folder, manifest }) => {
  const path = `${folder}/package.json`;
  return {
    folder,
    now: manifest,
    before: before.has(path) ? (JSON.parse(git("show", `${base}:${path}`)) as Manifest) : undefined,
  };
});
const changesets = readChangesets(root).filter(({ path }) => changed.has(path));
const missing = findMissingChangesets({ paths, changesets: changesets.map(({ packages: names }) => names) }, packages);
for (const line of missing) console.error(line);
if (missing.length > 0) process.exitCode = 1;
else
  console.log(
    `${paths.length} files changed since ${values.since}, ${changesets.length} changesets: nothing is left unsaid`,
  );
