import type { Manifest } from "./workspace.ts";

const KINDS = ["dependencies", "devDependencies"] as const;

/**
 * The manifest of the template outside of the workspace: our packages from tarballs, also where they ask for each
 * other, and everything else in the version that the catalog names.
 *
 * @param tarballs Where each of our packages lies, as a `file:` path from the manifest.
 */
export function templateManifest<M extends Manifest>(
  manifest: M,
  tarballs: ReadonlyMap<string, string>,
  catalog: Readonly<Record<string, string>>,
): M & { readonly overrides: Readonly<Record<string, string>> } {
  const resolve = (name: string, range: string): string => {
    if (range.startsWith("workspace:")) return tarballs.get(name) ?? missing(name, "was not packed; is it private?");
    if (range.startsWith("catalog:")) return catalog[name] ?? missing(name, "is not in the catalog");
    return range;
  };
  const resolved = KINDS.map((kind) => [
    kind,
    Object.fromEntries(Object.entries(manifest[kind] ?? {}).map(([name, range]) => [name, resolve(name, range)])),
  ]);
  // npm refuses an override of what is a dependency already.
  const others = [...tarballs].filter(([name]) => manifest.dependencies?.[name] === undefined);
  return { ...manifest, ...Object.fromEntries(resolved), overrides: Object.fromEntries(others) };
}

function missing(name: string, problem: string): never {
  throw new Error(`The template depends on ${name}, which ${problem}`);
}
