import type { Manifest } from "./workspace.ts";

/** All that a user needs of a package; a secret, a test or a source that slips in is none of it. */
const ALLOWED =
  /^(?:package\.json|README\.md|CHANGELOG\.md|LICENSE|dist\/(?:[\w.-]+\/)*[\w.-]+\.(?:js|d\.ts)(?:\.map)?|docs\/[\w-]+\.md)$/;
const KINDS = ["dependencies", "peerDependencies", "optionalDependencies"] as const;
/** Protocols that mean something in this workspace only. */
const LOCAL = /^(?:workspace|file|link|portal|catalog):/;

/** Why a tarball must not be published; nothing if it may. */
export function findTarballFaults(manifest: Manifest, files: readonly string[]): string[] {
  const has = new Set(files);
  const local = KINDS.flatMap((kind) =>
    Object.entries(manifest[kind] ?? {})
      .filter(([, range]) => LOCAL.test(range))
      .map(([name, range]) => `${kind}["${name}"] is ${range}, which only this workspace understands`),
  );
  const unbuilt = targetsOf(manifest)
    .filter((target) => !has.has(target.replace(/^\.\//, "")))
    .map((target) => `${target} is not there: run "pnpm build"`);
  const surplus = files.filter((path) => !ALLOWED.test(path)).map((path) => `${path} is not a file that we publish`);
  const nothing = manifest.exports === undefined ? ["it exports nothing"] : [];
  return [...local, ...unbuilt, ...surplus, ...nothing].map((fault) => `${manifest.name}: ${fault}`);
}

/** Every file that the manifest promises. */
function targetsOf({ exports = {}, bin = {} }: Manifest): string[] {
  const programs = typeof bin === "string" ? [bin] : Object.values(bin);
  const modules = Object.values(exports).flatMap((entry) =>
    typeof entry === "string" ? [entry] : Object.values(entry),
  );
  return [...new Set([...modules, ...programs])];
}
