import { readFileSync } from "node:fs";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import type { StagedPackage } from "./staging.ts";
import { findTarballFaults } from "./tarball-faults.ts";

/** ESM only: what these resolve, no Node that we support does. `require()` of an ES module, they do. */
const IGNORED_RESOLUTIONS: readonly string[] = ["node10", "node16-cjs"];

/** What users would stumble over in a tarball, by all who know something about it. */
export async function lintPackage({ manifest, files, tarball }: StagedPackage): Promise<string[]> {
  const data = new Uint8Array(readFileSync(tarball));
  const { messages, pkg } = await publint({ pack: { tarball: data.buffer }, strict: true });
  const types = await checkPackage(createPackageFromTarballData(data));
  const problems =
    types.types === false
      ? ["it has no types"]
      : types.problems.filter((problem) => !isIgnored(problem)).map((problem) => JSON.stringify(problem));
  return [
    ...findTarballFaults(manifest, files),
    ...messages.map((message) => `${manifest.name}: ${formatMessage(message, pkg, { color: false })}`),
    ...problems.map((problem) => `${manifest.name}: types: ${problem}`),
  ];
}

function isIgnored(problem: object): boolean {
  return "resolutionKind" in problem && IGNORED_RESOLUTIONS.includes(String(problem.resolutionKind));
}
