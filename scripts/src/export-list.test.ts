import { describe, expect, test } from "vitest";
import { listExports } from "./export-list.ts";
import type { Manifest } from "./workspace.ts";

const manifest: Manifest = {
  name: "@org/a",
  exports: { ".": { types: "./dist/index.d.ts", default: "./dist/index.js" } },
};
const list = (files: Record<string, string>, of: Manifest = manifest): string[] =>
  listExports(of, (path) => files[path] ?? `throw ${path}`);

describe("listExports", () => {
  test("names values, types, renamed ones and the default", () => {
    const text = `import { D } from "./d.js";
      declare function inner(): void;
      export declare const a: number;
      export declare function f(): void;
      export interface T { x: 1 }
      export type U = T;
      export default a;
      export { inner as outer, type D };`;
    expect(list({ "dist/index.d.ts": text })).toEqual([".#D", ".#T", ".#U", ".#a", ".#default", ".#f", ".#outer"]);
  });

  test("follows export *, without its default, and names what comes from another package", () => {
    const files = {
      "dist/index.d.ts": 'export * from "./chunk-1.js";\nexport * as all from "./chunk-1.js";\nexport * from "pg";',
      "dist/chunk-1.d.ts": "export declare const b: 1;\ndeclare const d: 2;\nexport default d;",
    };
    expect(list(files)).toEqual([".#* from pg", ".#all", ".#b"]);
  });

  test("keeps the entries apart", () => {
    const two: Manifest = {
      ...manifest,
      exports: { ...manifest.exports, "./adapter": { types: "./dist/adapter.d.ts" } },
    };
    const files = {
      "dist/index.d.ts": "export declare const a: 1;",
      "dist/adapter.d.ts": "export declare const a: 1;",
    };
    expect(list(files, two)).toEqual([".#a", "./adapter#a"]);
  });

  test("refuses an entry without types, and a file that is no TypeScript", () => {
    expect(() => list({}, { name: "@org/a", exports: { ".": "./dist/index.js" } })).toThrow(
      '@org/a: exports["."] names no types',
    );
    expect(() => list({ "dist/index.d.ts": "export {" })).toThrow(/^dist\/index\.d\.ts: /);
  });
});
