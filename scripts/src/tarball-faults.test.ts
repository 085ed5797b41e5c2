import { describe, expect, test } from "vitest";
import { findTarballFaults } from "./tarball-faults.ts";
import type { Manifest } from "./workspace.ts";

const manifest: Manifest = {
  name: "@org/a",
  version: "0.1.0",
  exports: { ".": { types: "./dist/index.d.ts", default: "./dist/index.js" } },
  bin: { a: "./dist/cli.js" },
  dependencies: { "@org/b": "^0.1.0" },
};
const files = [
  "package.json",
  "README.md",
  "LICENSE",
  "CHANGELOG.md",
  "docs/support-matrix.md",
  "dist/index.d.ts",
  "dist/index.js",
];
const built = [...files, "dist/index.js.map", "dist/cli.js", "dist/chunk-Dz_u8-Q.d.ts", "dist/sub/x.js"];

describe("findTarballFaults", () => {
  test("finds none in what a build makes", () => {
    expect(findTarballFaults(manifest, built)).toEqual([]);
  });

  test.each([
    ["dependencies", "workspace:^"],
    ["peerDependencies", "file:../b"],
    ["optionalDependencies", "link:../b"],
    ["dependencies", "catalog:"],
  ] as const)("refuses %s on %s", (kind, range) => {
    expect(findTarballFaults({ ...manifest, [kind]: { "@org/b": range } }, built)).toEqual([
      `@org/a: ${kind}["@org/b"] is ${range}, which only this workspace understands`,
    ]);
  });

  test("refuses an unbuilt package, and says which file is missing, a program too", () => {
    expect(findTarballFaults(manifest, ["package.json"])).toEqual(
      ["./dist/index.d.ts", "./dist/index.js", "./dist/cli.js"].map(
        (path) => `@org/a: ${path} is not there: run "pnpm build"`,
      ),
    );
  });

  test("refuses a condition that leads to the sources", () => {
    const leaky = { ...manifest, exports: { ".": { "@org/source": "./src/index.ts", default: "./dist/index.js" } } };
    expect(findTarballFaults(leaky, built)).toEqual(['@org/a: ./src/index.ts is not there: run "pnpm build"']);
  });

  test.each([
    [".npmrc"],
    [".env"],
    ["src/index.ts"],
    ["dist/index.test.ts"],
    ["dist/.env"],
    ["test/a.int.test.ts"],
    ["docs/key.pem"],
  ])("refuses %s", (path) => {
    expect(findTarballFaults(manifest, [...built, path])).toEqual([`@org/a: ${path} is not a file that we publish`]);
  });

  test("refuses a package that exports nothing", () => {
    expect(findTarballFaults({ name: "@org/a" }, ["package.json"])).toEqual(["@org/a: it exports nothing"]);
  });
});
