import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The top of the repository. */
export const root: string = join(import.meta.dirname, "../..");

export interface Manifest {
  readonly name: string;
  readonly version?: string;
  readonly private?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  /** As published: by condition, or one file. */
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly bin?: string | Readonly<Record<string, string>>;
}

/** A package that is published: it has a version. */
export interface PublicManifest extends Manifest {
  readonly version: string;
}

export interface WorkspaceMember {
  /** Relative to the top. */
  readonly folder: string;
  readonly manifest: Manifest;
}

export interface PublicMember {
  readonly folder: string;
  readonly manifest: PublicManifest;
}

/** Every package of the workspace, in the order of its folders. */
export function readWorkspace(top: string = root): WorkspaceMember[] {
  return globSync(["packages/*/package.json", "examples/*/package.json", "scripts/package.json"], { cwd: top })
    .toSorted()
    .map((path) => ({
      folder: dirname(path),
      manifest: JSON.parse(readFileSync(join(top, path), "utf8")) as Manifest,
    }));
}

/** The packages that users install. */
export function publicMembers(top: string = root): PublicMember[] {
  return readWorkspace(top).flatMap(({ folder, manifest }) => {
    if (manifest.private === true) return [];
    const { version } = manifest;
    if (version === undefined)
      throw new Error(`${folder}/package.json: "version" is missing; a published package needs one`);
    return [{ folder, manifest: { ...manifest, version } }];
  });
}

/** The files of a member below some folders, as paths inside it. */
export function listFiles(member: WorkspaceMember, pattern: string): string[] {
  return globSync(pattern, {
    cwd: join(root, member.folder),
    exclude: (name) => name === "node_modules" || name === "dist" || name === ".examples",
  }).toSorted();
}
