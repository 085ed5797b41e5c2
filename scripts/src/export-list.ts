import { posix } from "node:path";
import { parseSync } from "oxc-parser";
import type { Manifest } from "./workspace.ts";

/**
 * Every public name of a package, values and types, with the entry that exports it: `./adapter#createPool`.
 *
 * @param read The text of a file of the package, by its path inside.
 */
export function listExports(manifest: Manifest, read: (path: string) => string): string[] {
  return Object.entries(manifest.exports ?? {})
    .flatMap(([entry, target]) => {
      const types = typeof target === "string" ? undefined : target["types"];
      if (types === undefined) throw new Error(`${manifest.name}: exports["${entry}"] names no types`);
      return [...new Set(namesOf(posix.normalize(types), read))].map((name) => `${entry}#${name}`);
    })
    .toSorted();
}

function namesOf(path: string, read: (path: string) => string): string[] {
  const { module, errors } = parseSync(path, read(path));
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`);
  return module.staticExports
    .flatMap(({ entries }) => entries)
    .flatMap(({ exportName, importName, moduleRequest }) => {
      const kind: string = importName.kind;
      if (kind !== "AllButDefault" || moduleRequest === null) return [exportName.name ?? exportName.kind.toLowerCase()];
      if (!moduleRequest.value.startsWith(".")) return [`* from ${moduleRequest.value}`];
      const target = posix.join(posix.dirname(path), moduleRequest.value.replace(/\.js$/, ".d.ts"));
      return namesOf(target, read).filter((name) => name !== "default");
    });
}
