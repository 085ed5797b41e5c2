import { describe, expect, test } from "vitest";
import { findWrongArrows, type WorkspacePackage } from "./arrows.ts";

const pkg = (name: string, more: Partial<WorkspacePackage> = {}): WorkspacePackage => ({
  name,
  isLeaf: false,
  dependencies: [],
  devDependencies: [],
  files: [],
  ...more,
});
const core = pkg("@org/data-source-core");
const auth = pkg("@org/lakebase-auth");
const emulator = pkg("@org/lakebase-emulator");
const file = (path: string, text: string): WorkspacePackage["files"] => [{ path, text }];

describe("findWrongArrows", () => {
  test("accepts the arrows of the table", () => {
    const postgres = pkg("@org/data-source-postgres", {
      dependencies: ["@org/data-source-core", "@org/lakebase-auth", "pg"],
      files: file(
        "src/index.ts",
        'import { x } from "@org/data-source-core/adapter";\nawait import("@org/lakebase-auth");',
      ),
    });
    expect(findWrongArrows([core, auth, postgres])).toEqual([]);
  });

  test.each([
    ['import { x } from "@org/lakebase-auth";'],
    ['export { x } from "@org/lakebase-auth/token-providers";'],
    ['const x = await import("@org/lakebase-auth");'],
    ['import "@org/lakebase-auth";'],
  ])("reports %s in core", (text) => {
    const wrong = pkg("@org/data-source-core", { files: file("src/a.ts", text) });
    expect(findWrongArrows([wrong, auth])).toEqual(["@org/data-source-core/src/a.ts imports @org/lakebase-auth"]);
  });

  test("lets tests, but not sources, import the emulator", () => {
    const text = 'import { startLakebaseEmulator } from "@org/lakebase-emulator";';
    const inTest = pkg("@org/lakebase-auth", { files: file("test/a.int.test.ts", text) });
    const inUnitTest = pkg("@org/lakebase-auth", { files: file("src/a.test.ts", text) });
    const inSource = pkg("@org/lakebase-auth", { files: file("src/a.ts", text) });
    expect(findWrongArrows([inTest, emulator])).toEqual([]);
    expect(findWrongArrows([inUnitTest, emulator])).toEqual([]);
    expect(findWrongArrows([inSource, emulator])).toEqual([
      "@org/lakebase-auth/src/a.ts imports @org/lakebase-emulator",
    ]);
  });

  test("reports a dependency that only the manifest has", () => {
    const wrong = pkg("@org/lakebase-auth", { dependencies: ["@org/data-source-core"] });
    expect(findWrongArrows([wrong, core])).toEqual([
      "@org/lakebase-auth/package.json depends on @org/data-source-core",
    ]);
  });

  test("reports a relative import into another package", () => {
    const wrong = pkg("@org/data-source-core", {
      files: file("src/a.ts", 'import "../../lakebase-auth/src/index.ts";'),
    });
    expect(findWrongArrows([wrong, auth])).toEqual([
      "@org/data-source-core/src/a.ts reaches out of its package: ../../lakebase-auth/src/index.ts",
    ]);
  });

  test("reports node: at the top of the token core, not inside a function or for its types", () => {
    const wrong = pkg("@org/lakebase-auth", { files: file("src/a.ts", 'import { createHash } from "node:crypto";') });
    const lazy = pkg("@org/lakebase-auth", { files: file("src/a.ts", 'const net = await import("node:net");') });
    expect(findWrongArrows([wrong])).toEqual(["@org/lakebase-auth/src/a.ts imports a node: module at load time"]);
    const types = pkg("@org/lakebase-auth", { files: file("src/a.ts", 'import type { Socket } from "node:net";') });
    expect(findWrongArrows([lazy, types])).toEqual([]);
  });

  test("lets an example import every package, and nobody an example", () => {
    const example = pkg("example", { isLeaf: true, dependencies: ["@org/lakebase-auth", "@org/lakebase-emulator"] });
    expect(findWrongArrows([auth, emulator, example])).toEqual([]);
    const wrong = pkg("@org/lakebase-auth", { devDependencies: ["example"] });
    expect(findWrongArrows([wrong, example])).toEqual(["@org/lakebase-auth/package.json depends on example"]);
  });

  test("asks for a line about a new package", () => {
    expect(findWrongArrows([pkg("@org/new")])).toEqual([
      "@org/new: has no line in scripts/src/arrows.ts; say what it may import",
    ]);
  });
});
