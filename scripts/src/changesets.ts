import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

/** A described change that waits for the next release. */
export interface Changeset {
  /** Relative to the top. */
  readonly path: string;
  readonly packages: readonly string[];
}

/** Packages that a changeset names. */
export function parseChangeset(text: string): string[] {
  const [, head] = /^---\n([\s\S]*?)\n?---\n/.exec(text) ?? [];
  if (head === undefined) throw new Error('A changeset begins with "---", its packages, and "---"');
  return Object.keys((parse(head) as Record<string, string> | null) ?? {});
}

export function readChangesets(top: string): Changeset[] {
  return globSync(".changeset/*.md", { cwd: top })
    .filter((path) => !path.endsWith("README.md"))
    .toSorted()
    .map((path) => ({ path, packages: parseChangeset(readFileSync(join(top, path), "utf8")) }));
}

/** Whether a changelog describes a change of its own in a version; "Updated dependencies" is none. */
export function describesRelease(changelog: string, version: string): boolean {
  const section = changelog.split(/^## /m).find((text) => text.split("\n", 1)[0]?.trim() === version) ?? "";
  return section.split("\n").some((line) => /^- (?!Updated dependencies)/.test(line));
}
