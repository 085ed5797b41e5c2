// Puts the template into a folder as a user would have it: outside of the workspace, on packed packages.
// node scripts/src/template-artifact.ts --out <folder>
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { parse } from "yaml";
import { stageWorkspace } from "./staging.ts";
import { templateManifest } from "./template-manifest.ts";
import { type Manifest, root } from "./workspace.ts";

const TEMPLATE = join(root, "examples/template");

const { values } = parseArgs({ options: { out: { type: "string", default: ".release/template" } } });
const out = resolve(root, values.out);
rmSync(out, { recursive: true, force: true });
const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: TEMPLATE,
  encoding: "utf8",
});
for (const path of listed.trim().split("\n")) {
  mkdirSync(dirname(join(out, path)), { recursive: true });
  cpSync(join(TEMPLATE, path), join(out, path));
}
const tarballs = new Map(
  stageWorkspace(join(out, "packages")).map(({ manifest, tarball }) => [
    manifest.name,
    `file:./packages/${basename(tarball)}`,
  ]),
);
const { catalog } = parse(readFileSync(join(root, "pnpm-workspace.yaml"), "utf8")) as {
  readonly catalog: Record<string, string>;
};
const manifest = templateManifest(
  JSON.parse(readFileSync(join(TEMPLATE, "package.json"), "utf8")) as Manifest,
  tarballs,
  catalog,
);
writeFileSync(join(out, "package.json"), `${JSON.stringify(manifest, undefined, 2)}\n`);
// pnpm reads its overrides from here, and npm its own from the manifest.
writeFileSync(
  join(out, "pnpm-workspace.yaml"),
  `${JSON.stringify({ overrides: Object.fromEntries(tarballs) }, undefined, 2)}\n`,
);
console.log(`${out}: the template, with ${tarballs.size} packages`);
