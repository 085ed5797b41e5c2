import { parse, satisfies, valid } from "semver";
import type { Manifest, PublicManifest } from "./workspace.ts";

const KINDS = ["dependencies", "peerDependencies", "optionalDependencies"] as const;
/** What pnpm replaces by the version in the workspace: it fits whatever that is. */
const ANY_WORKSPACE_VERSION = new Set(["workspace:*", "workspace:^", "workspace:~"]);

/** Version of a build that is no release: of version 1.2.3 at commit abc123, `1.2.3-pr.abc123`. */
export function prereleaseVersion(version: string, sha: string): string {
  const result = `${version}-pr.${sha}`;
  if (!/^[0-9a-f]{7,40}$/.test(sha) || valid(result) !== result)
    throw new Error(`"${sha}" makes no prerelease of ${version}: pass 7 to 40 digits of a commit's hash`);
  return result;
}

/**
 * The manifest of a staged package with every dependency on a sibling pointing at the version that is shipped: a caret
 * range, so that a patch of the sibling reaches users without a release of this package; in a prerelease the very same
 * build, since a caret range would also accept an older release. Nothing of what only developers install stays.
 *
 * @param shipped Versions of this build by package name. A sibling is any name in it, or of the package's own scope.
 */
export function rewritePins(manifest: PublicManifest, shipped: ReadonlyMap<string, string>): PublicManifest {
  const { devDependencies: _, ...rest } = manifest as Manifest;
  const version = versionOf(manifest.name, shipped) ?? fail(manifest, "itself", "is not among the packages to ship");
  const rewritten = KINDS.flatMap((kind) => {
    const ranges = manifest[kind];
    if (ranges === undefined) return [];
    const pins = Object.entries(ranges).map(([name, range]) => [name, pinOf(manifest, kind, name, range, shipped)]);
    return [[kind, Object.fromEntries(pins)]];
  });
  return { ...rest, version, ...Object.fromEntries(rewritten) } as PublicManifest;
}

function pinOf(
  manifest: PublicManifest,
  kind: string,
  name: string,
  range: string,
  shipped: ReadonlyMap<string, string>,
): string {
  const version = versionOf(name, shipped);
  const place = `${kind}["${name}"]`;
  if (version === undefined) {
    const isSibling = range.startsWith("workspace:") || scopeOf(name) === scopeOf(manifest.name);
    return isSibling
      ? fail(manifest, place, `is not among the packages to ship; publish it, or do not depend on it`)
      : range;
  }
  const wanted = range.replace(/^workspace:/, "");
  const { major, minor, patch, prerelease } = parse(version, {}, true);
  if (!ANY_WORKSPACE_VERSION.has(range) && !satisfies(`${major}.${minor}.${patch}`, wanted))
    return fail(manifest, place, `asks for ${wanted}, but ${version} is shipped; write "workspace:^"`);
  return prerelease.length > 0 ? version : `^${version}`;
}

function versionOf(name: string, shipped: ReadonlyMap<string, string>): string | undefined {
  const version = shipped.get(name);
  if (version !== undefined && valid(version) === null) throw new Error(`${name}: "${version}" is not a version`);
  return version;
}

function scopeOf(name: string): string {
  return name.startsWith("@") ? name.slice(0, name.indexOf("/")) : name;
}

function fail({ name }: PublicManifest, place: string, problem: string): never {
  throw new Error(`${name}: ${place} ${problem}`);
}
