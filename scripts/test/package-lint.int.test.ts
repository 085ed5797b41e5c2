import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { lintPackage } from "../src/package-lint.ts";
import { pack, readTarball, withTemporaryFolder } from "../src/staging.ts";

const good = {
  "package.json": {
    name: "@org/a",
    version: "0.1.0",
    type: "module",
    files: ["dist"],
    exports: { ".": { types: "./dist/index.d.ts", default: "./dist/index.js" } },
  },
  "dist/index.js": "export const a = 1;\n",
  "dist/index.d.ts": "export declare const a: number;\n",
};

/** What is wrong with a package of these files, as pnpm packs it. */
function lint(files: Readonly<Record<string, object | string>>): Promise<string[]> {
  return withTemporaryFolder((folder) => {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(join(folder, dirname(path)), { recursive: true });
      writeFileSync(join(folder, path), typeof content === "string" ? content : JSON.stringify(content));
    }
    // Reads the tarball at once: the folder may go.
    return lintPackage(readTarball(pack(folder, folder)));
  });
}

test("finds nothing wrong with an ES module and its types", async () => {
  expect(await lint(good)).toEqual([]);
});

test("reports types that Node's resolution takes for CommonJS, and a default before them", async () => {
  const manifest = { ...good["package.json"], type: "commonjs" };
  const faults = await lint({ ...good, "package.json": manifest });
  expect(faults.join("\n")).toContain("is written in ESM, but is interpreted as CJS");

  const exports = { ".": { default: "./dist/index.js", types: "./dist/index.d.ts" } };
  const order = await lint({ ...good, "package.json": { ...good["package.json"], exports } });
  expect(order.join("\n")).toContain('exports["."].types should be the first');
});

test("reports types that say what the module does not do", async () => {
  const faults = await lint({
    ...good,
    "dist/index.d.ts": "declare const a: number;\nexport default a;\nexport * from './gone.js';\n",
  });
  expect(faults.join("\n")).toContain("@org/a: types: ");
});
