import { describe, expect, test } from "vitest";
import { assertAuthFirst, publishOrder } from "./publish-order.ts";
import type { Manifest } from "./workspace.ts";

const auth: Manifest = { name: "@org/lakebase-auth" };
const on = (...names: string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, "workspace:^"]));

describe("publishOrder", () => {
  test.each(["dependencies", "peerDependencies", "optionalDependencies"] as const)("follows %s", (kind) => {
    const manifests: Manifest[] = [
      { name: "@org/a", [kind]: on("@org/b") },
      { name: "@org/b", [kind]: on("@org/c") },
      { name: "@org/c" },
    ];
    expect(publishOrder(manifests)).toEqual(["@org/c", "@org/b", "@org/a"]);
  });

  test("does not follow what only developers install, nor what is not published here", () => {
    const manifests: Manifest[] = [
      { name: "@org/a", devDependencies: on("@org/b"), dependencies: on("pg") },
      { name: "@org/b", devDependencies: on("@org/a") },
    ];
    expect(publishOrder(manifests)).toEqual(["@org/a", "@org/b"]);
  });

  test("begins with lakebase-auth, though a core that needs nothing comes earlier in the alphabet", () => {
    const core: Manifest = { name: "@org/data-source-core" };
    const postgres: Manifest = {
      name: "@org/data-source-postgres",
      dependencies: on("@org/data-source-core", "@org/lakebase-auth"),
    };
    const umbrella: Manifest = { name: "@org/data-source", dependencies: on("@org/data-source-postgres") };
    expect(publishOrder([umbrella, postgres, core, auth])).toEqual([
      "@org/lakebase-auth",
      "@org/data-source-core",
      "@org/data-source-postgres",
      "@org/data-source",
    ]);
  });

  test("refuses a lakebase-auth that needs another package first", () => {
    const needy: Manifest = { name: "@org/lakebase-auth", peerDependencies: on("@org/a") };
    expect(() => publishOrder([needy, { name: "@org/a" }])).toThrow(
      "@org/lakebase-auth has to be published first, not after @org/a: it may depend on no other package",
    );
  });

  test("names the cycle, and only the cycle", () => {
    const manifests: Manifest[] = [
      { name: "@org/a", dependencies: on("@org/b") },
      { name: "@org/b", peerDependencies: on("@org/c") },
      { name: "@org/c", optionalDependencies: on("@org/b") },
      auth,
    ];
    expect(() => publishOrder(manifests)).toThrow(
      "The packages depend on each other in a circle: @org/b → @org/c → @org/b",
    );
  });

  test("names a package that depends on itself", () => {
    expect(() => publishOrder([{ name: "@org/a", dependencies: on("@org/a") }])).toThrow("circle: @org/a → @org/a");
  });
});

describe("assertAuthFirst", () => {
  test("accepts a release without it", () => {
    expect(() => assertAuthFirst(["@org/a"])).not.toThrow();
  });

  test("refuses an order that has it later", () => {
    expect(() => assertAuthFirst(["@org/a", "@org/lakebase-auth"])).toThrow("has to be published first");
  });
});
