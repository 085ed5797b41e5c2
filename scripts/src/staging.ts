import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { prereleaseVersion, rewritePins } from "./rewrite-pins.ts";
import { publicMembers, type PublicManifest, root } from "./workspace.ts";

/** A package as it will be published. */
export interface StagedPackage {
  readonly manifest: PublicManifest;
  readonly tarball: string;
  /** Paths inside the package. */
  readonly files: readonly string[];
}

export interface StageOptions {
  /** Top of the workspace to stage. Default: this one. */
  readonly top?: string;
  /** Hash of the commit, for a build that is no release. */
  readonly sha?: string | undefined;
}

/** Packs every public package into `out`, its pins rewritten. Builds nothing. */
export function stageWorkspace(out: string, { top = root, sha }: StageOptions = {}): StagedPackage[] {
  const members = publicMembers(top);
  const shipped = new Map(
    members.map(({ manifest: { name, version } }) => [
      name,
      sha === undefined ? version : prereleaseVersion(version, sha),
    ]),
  );
  mkdirSync(out, { recursive: true });
  return members.map(({ folder }) =>
    withTemporaryFolder((work) => {
      // pnpm applies publishConfig, the catalog and the list of files; what is left to do is done to what it packed.
      const unpacked = unpack(pack(join(top, folder), work), work);
      const path = join(unpacked, "package.json");
      const manifest = rewritePins(JSON.parse(readFileSync(path, "utf8")) as PublicManifest, shipped);
      writeFileSync(path, `${JSON.stringify(manifest, undefined, 2)}\n`);
      return readTarball(pack(unpacked, out));
    }),
  );
}

/** The tarballs that were staged into a folder. */
export function readStage(folder: string): StagedPackage[] {
  return globSync("*.tgz", { cwd: folder })
    .toSorted()
    .map((file) => readTarball(join(folder, file)));
}

/** Lists a tarball and reads its manifest, unpacking nothing. */
export function readTarball(tarball: string): StagedPackage {
  const files = tar(["-tzf", tarball])
    .trim()
    .split("\n")
    .map((path) => path.replace(/^package\//, ""));
  return { manifest: JSON.parse(readFromTarball(tarball, "package.json")) as PublicManifest, tarball, files };
}

/** The text of one file of a tarball. */
export function readFromTarball(tarball: string, path: string): string {
  return tar(["-xzOf", tarball, `package/${path}`]);
}

/** Writes what `sha256sum --check` reads beside a tarball. */
export function writeChecksums(tarball: string, paths: readonly string[]): void {
  writeFileSync(checksumFileOf(tarball), paths.map((path) => `${sha256(path)}  ${basename(path)}\n`).join(""));
}

/** Says which files beside a staged tarball are no longer what was staged. */
export function findWrongChecksums(tarball: string): string[] {
  const file = checksumFileOf(tarball);
  if (!existsSync(file)) return [`${tarball}: has no checksums beside it; stage it again`];
  const lines = readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((line) => line.split("  "));
  const isListed = lines.some(([, name]) => name === basename(tarball));
  const wrong = lines.filter(([sum, name = ""]) => sha256(join(dirname(tarball), name)) !== sum);
  return [
    ...wrong.map(([, name]) => `${name}: is not what its checksum says; stage it again`),
    ...(isListed ? [] : [`${basename(tarball)}: is not in ${basename(file)}; stage it again`]),
  ];
}

function checksumFileOf(tarball: string): string {
  return tarball.replace(/\.tgz$/, ".SHA256SUMS");
}

function sha256(path: string): string {
  return existsSync(path) ? createHash("sha256").update(readFileSync(path)).digest("hex") : "missing";
}

/** Packs one folder as it lies; returns the path of the tarball. */
export function pack(folder: string, destination: string): string {
  const output = execFileSync("pnpm", ["pack", "--json", "--pack-destination", destination], {
    cwd: folder,
    encoding: "utf8",
  });
  return resolve(folder, (JSON.parse(output) as { readonly filename: string }).filename);
}

function unpack(tarball: string, folder: string): string {
  tar(["-xzf", tarball, "-C", folder]);
  return join(folder, "package");
}

function tar(args: readonly string[]): string {
  return execFileSync("tar", args, { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
}

/** A folder that is gone when the work is done. */
export function withTemporaryFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "staging-"));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
