// Packs every public package, its pins rewritten, with an SBOM and checksums beside it:
// node scripts/src/stage.ts --out <folder> [--prerelease <hash of the commit>]
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { stageWorkspace, writeChecksums } from "./staging.ts";
import { root } from "./workspace.ts";

const { values } = parseArgs({
  options: {
    out: { type: "string", default: ".release" },
    prerelease: { type: "string" },
    top: { type: "string", default: root },
  },
});
const top = resolve(values.top);
const out = resolve(top, values.out);
rmSync(out, { recursive: true, force: true });
for (const { manifest, tarball } of stageWorkspace(out, { top, sha: values.prerelease })) {
  const written = [tarball];
  // pnpm describes the versions of the workspace, which those of a prerelease are not.
  if (values.prerelease === undefined) {
    const sbom = tarball.replace(/\.tgz$/, ".cdx.json");
    const args = ["--filter", manifest.name, "sbom", "--prod", "--sbom-format", "cyclonedx", "--out", sbom];
    execFileSync("pnpm", args, { cwd: top, stdio: ["ignore", "ignore", "inherit"] });
    written.push(sbom);
  }
  writeChecksums(tarball, written);
  console.log(`${manifest.name}@${manifest.version}: ${written.length} files and their checksums`);
}
