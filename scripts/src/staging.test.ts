import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findWrongChecksums, withTemporaryFolder, writeChecksums } from "./staging.ts";

const inFolder = (work: (tarball: string, sbom: string) => void): void =>
  withTemporaryFolder((folder) => {
    const [tarball, sbom] = [join(folder, "a-0.1.0.tgz"), join(folder, "a-0.1.0.cdx.json")];
    writeFileSync(tarball, "tarball");
    writeFileSync(sbom, "{}");
    work(tarball, sbom);
  });

test("accepts what was staged, and names what changed since", () => {
  inFolder((tarball, sbom) => {
    writeChecksums(tarball, [tarball, sbom]);
    expect(findWrongChecksums(tarball)).toEqual([]);
    writeFileSync(sbom, "{ }");
    expect(findWrongChecksums(tarball)).toEqual(["a-0.1.0.cdx.json: is not what its checksum says; stage it again"]);
  });
});

test("refuses a tarball without a checksum", () => {
  inFolder((tarball, sbom) => {
    expect(findWrongChecksums(tarball)).toEqual([`${tarball}: has no checksums beside it; stage it again`]);
    writeChecksums(tarball, [sbom]);
    expect(findWrongChecksums(tarball)).toEqual(["a-0.1.0.tgz: is not in a-0.1.0.SHA256SUMS; stage it again"]);
  });
});
