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
}

export interface WorkspaceMember {
  /** Relative to the top. */
  readonly folder: string;
  readonly manifest: Manifest;
}

/** Every package of the workspace, in the order of its folders. */
export function readWorkspace(): WorkspaceMember[] {
  return globSync(["packages/*/package.json", "examples/*/package.json", "scripts/package.json"], { cwd: root })
    .toSorted()
    .map((path) => ({
      folder: dirname(path),
      manifest: JSON.parse(readFileSync(join(root, path), "utf8")) as Manifest,
    }));
}

/** The files of a member below some folders, as paths inside it. */
export function listFiles(member: WorkspaceMember, pattern: string): string[] {
  return globSync(pattern, {
    cwd: join(root, member.folder),
    exclude: (name) => name === "node_modules" || name === "dist" || name === ".examples",
  }).toSorted();
}
