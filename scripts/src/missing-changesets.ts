import type { Manifest } from "./workspace.ts";

/** What a branch did. */
export interface Changes {
  /** Every file that was added, changed or removed, relative to the top. */
  readonly paths: readonly string[];
  /** The packages that each changeset added or changed by it names; none: "nothing for users". */
  readonly changesets: readonly (readonly string[])[];
}

export interface ChangedPackage {
  readonly folder: string;
  readonly before: Manifest | undefined;
  readonly now: Manifest;
}

const VISIBLE = [
  "dependencies",
  "peerDependencies",
  "optionalDependencies",
  "exports",
  "bin",
  "engines",
  "files",
  "type",
];

/** Says which published packages changed for their users without a changeset that names them. */
export function findMissingChangesets({ paths, changesets }: Changes, packages: readonly ChangedPackage[]): string[] {
  const described = new Set(changesets.flat());
  const saysNothing = changesets.some((names) => names.length === 0);
  return packages.flatMap(({ folder, before, now }) => {
    const own = paths.filter((path) => path.startsWith(`${folder}/`)).map((path) => path.slice(folder.length + 1));
    // Its changesets have just become the changelog of a release.
    if (described.has(now.name) || own.includes("CHANGELOG.md")) return [];
    const certain = [
      ...own.filter((path) => path.startsWith("etc/")),
      ...(own.includes("package.json") && visibleFields(before) !== visibleFields(now) ? ["package.json"] : []),
    ];
    const likely = own.filter((path) => path.startsWith("src/") && !/\.(?:test|fake)\.ts$/.test(path));
    if (certain.length > 0)
      return [`${now.name}: ${certain.join(", ")} changed for users, and no changeset names it: run "pnpm changeset"`];
    if (likely.length > 0 && !saysNothing)
      return [
        `${now.name}: ${likely.join(", ")} changed, and no changeset names it: run "pnpm changeset", or ` +
          `"pnpm changeset --empty" if no user can notice`,
      ];
    return [];
  });
}

function visibleFields(manifest: Manifest | undefined): string {
  return JSON.stringify(VISIBLE.map((field) => (manifest as Readonly<Record<string, unknown>> | undefined)?.[field]));
}
