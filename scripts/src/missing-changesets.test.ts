import { describe, expect, test } from "vitest";
import { type ChangedPackage, findMissingChangesets } from "./missing-changesets.ts";

const now = { name: "@org/a", version: "0.1.0", dependencies: { pg: "8.23.1" } };
const pkg: ChangedPackage = { folder: "packages/a", before: now, now };
const find = (paths: readonly string[], changesets: readonly string[][] = [], of: ChangedPackage = pkg): string[] =>
  findMissingChangesets({ paths, changesets }, [of]);

describe("findMissingChangesets", () => {
  test("asks for a changeset about a source", () => {
    expect(find(["packages/a/src/pool.ts", "packages/b/src/pool.ts"])).toEqual([
      '@org/a: src/pool.ts changed, and no changeset names it: run "pnpm changeset", or "pnpm changeset --empty" if no user can notice',
    ]);
  });

  test.each([
    ["a test", ["packages/a/src/pool.test.ts", "packages/a/test/server.ts"]],
    ["what is no part of the package", ["packages/a/README.md", "packages/a/CONTEXT.md", "packages/ab/src/pool.ts"]],
    ["a release", ["packages/a/src/version.ts", "packages/a/package.json", "packages/a/CHANGELOG.md"]],
  ])("does not ask about %s", (_, paths) => {
    expect(find(paths)).toEqual([]);
  });

  test("accepts a changeset that names the package, not one about another", () => {
    expect(find(["packages/a/src/pool.ts"], [["@org/a", "@org/b"]])).toEqual([]);
    expect(find(["packages/a/src/pool.ts"], [["@org/b"]])).toHaveLength(1);
  });

  test("takes the word of an empty changeset for a source, but not against an API report", () => {
    expect(find(["packages/a/src/pool.ts"], [[]])).toEqual([]);
    expect(find(["packages/a/src/pool.ts", "packages/a/etc/index.api.md"], [[]])).toEqual([
      '@org/a: etc/index.api.md changed for users, and no changeset names it: run "pnpm changeset"',
    ]);
  });

  test("looks at what of a manifest users see", () => {
    const developers: ChangedPackage = { ...pkg, before: { ...now, devDependencies: { vitest: "catalog:" } } };
    expect(find(["packages/a/package.json"], [], developers)).toEqual([]);
    const users: ChangedPackage = { ...pkg, before: { ...now, dependencies: { pg: "8.0.0" } } };
    const asked = ['@org/a: package.json changed for users, and no changeset names it: run "pnpm changeset"'];
    expect(find(["packages/a/package.json"], [], users)).toEqual(asked);
    expect(find(["packages/a/package.json"], [], { ...pkg, before: undefined })).toEqual(asked);
  });
});
