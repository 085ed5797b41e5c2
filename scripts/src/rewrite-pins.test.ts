import { satisfies } from "semver";
import { describe, expect, test } from "vitest";
import { prereleaseVersion, rewritePins } from "./rewrite-pins.ts";
import type { PublicManifest } from "./workspace.ts";

const versions = (entries: Record<string, string>): Map<string, string> => new Map(Object.entries(entries));
const app = (more: Partial<PublicManifest> = {}): PublicManifest => ({ name: "@org/app", version: "0.2.0", ...more });

describe("rewritePins", () => {
  test("pins real, peer and optional dependencies to a caret range of what is shipped", () => {
    const manifest = app({
      dependencies: { "@org/core": "workspace:*", pg: "8.23.1" },
      peerDependencies: { "@org/peer": "workspace:^", "@opentelemetry/api": "^1.9.0" },
      optionalDependencies: { "@org/extra": "workspace:~" },
    });
    const shipped = versions({
      "@org/app": "0.2.0",
      "@org/core": "0.2.0",
      "@org/peer": "1.4.2",
      "@org/extra": "0.0.3",
    });
    expect(rewritePins(manifest, shipped)).toEqual({
      name: "@org/app",
      version: "0.2.0",
      dependencies: { "@org/core": "^0.2.0", pg: "8.23.1" },
      peerDependencies: { "@org/peer": "^1.4.2", "@opentelemetry/api": "^1.9.0" },
      optionalDependencies: { "@org/extra": "^0.0.3" },
    });
  });

  test("leaves the given manifest as it is, and drops what only developers install", () => {
    const manifest = app({
      dependencies: { "@org/core": "workspace:^" },
      devDependencies: { "@org/suite": "workspace:*" },
    });
    const before = structuredClone(manifest);
    const result = rewritePins(manifest, versions({ "@org/app": "0.2.0", "@org/core": "0.2.0" }));
    expect(manifest).toEqual(before);
    expect(result).not.toHaveProperty("devDependencies");
  });

  test.each([
    ["0.2.3", "^0.2.3", "0.2.9", "0.3.0"],
    ["0.0.3", "^0.0.3", "0.0.3", "0.0.4"],
    ["1.2.3", "^1.2.3", "1.9.0", "2.0.0"],
  ])("a caret on %s means %s: %s yes, %s no", (version, range, inside, outside) => {
    const manifest = app({ dependencies: { "@org/core": "workspace:^" } });
    const pin = rewritePins(manifest, versions({ "@org/app": "0.2.0", "@org/core": version })).dependencies?.[
      "@org/core"
    ];
    expect([pin, satisfies(inside, pin ?? ""), satisfies(outside, pin ?? "")]).toEqual([range, true, false]);
  });

  test.each([
    ["^0.1.0", "0.2.0"],
    ["workspace:^0.1.0", "0.2.0"],
    ["0.1.9", "0.2.0"],
    ["^0.0.3", "0.0.4"],
    ["^1.0.0", "2.0.0-pr.abc1234"],
  ])("refuses the range %s, which does not fit %s", (range, version) => {
    const manifest = app({ peerDependencies: { "@org/core": range } });
    expect(() => rewritePins(manifest, versions({ "@org/app": "0.2.0", "@org/core": version }))).toThrow(
      `@org/app: peerDependencies["@org/core"] asks for ${range.replace("workspace:", "")}, but ${version} is shipped; write "workspace:^"`,
    );
  });

  test("points a prerelease at its siblings of the same build, and at no release", () => {
    const manifest = app({ dependencies: { "@org/core": "^0.2.0" }, peerDependencies: { "@org/auth": "workspace:^" } });
    const shipped = versions({
      "@org/app": "0.2.0-pr.abc1234",
      "@org/core": "0.2.0-pr.abc1234",
      "@org/auth": "1.0.0-pr.abc1234",
    });
    const result = rewritePins(manifest, shipped);
    expect(result).toEqual({
      name: "@org/app",
      version: "0.2.0-pr.abc1234",
      dependencies: { "@org/core": "0.2.0-pr.abc1234" },
      peerDependencies: { "@org/auth": "1.0.0-pr.abc1234" },
    });
    const pin = result.dependencies?.["@org/core"] ?? "";
    expect(["0.2.0", "0.2.0-pr.abc1235", "0.2.0-pr.abc1234"].filter((version) => satisfies(version, pin))).toEqual([
      "0.2.0-pr.abc1234",
    ]);
  });

  test("refuses a dependency on a sibling that is not shipped, by scope and by protocol", () => {
    const shipped = versions({ "@org/app": "0.2.0" });
    const missing = "is not among the packages to ship; publish it, or do not depend on it";
    expect(() => rewritePins(app({ dependencies: { "@org/private": "0.0.0" } }), shipped)).toThrow(
      `@org/app: dependencies["@org/private"] ${missing}`,
    );
    expect(() => rewritePins(app({ optionalDependencies: { bench: "workspace:^" } }), shipped)).toThrow(
      `@org/app: optionalDependencies["bench"] ${missing}`,
    );
    expect(() => rewritePins(app(), versions({}))).toThrow("@org/app: itself is not among the packages to ship");
  });

  test("rewrites each package of a cycle; that it is a cycle, the order says", () => {
    const shipped = versions({ "@org/a": "0.1.1", "@org/b": "0.1.2" });
    const a: PublicManifest = { name: "@org/a", version: "0.1.1", dependencies: { "@org/b": "workspace:^" } };
    const b: PublicManifest = { name: "@org/b", version: "0.1.2", peerDependencies: { "@org/a": "workspace:^" } };
    expect(rewritePins(a, shipped).dependencies).toEqual({ "@org/b": "^0.1.2" });
    expect(rewritePins(b, shipped).peerDependencies).toEqual({ "@org/a": "^0.1.1" });
  });

  test("refuses a shipped version that is none", () => {
    const manifest = app({ dependencies: { "@org/core": "workspace:^" } });
    expect(() => rewritePins(manifest, versions({ "@org/app": "0.2.0", "@org/core": "next" }))).toThrow(
      '@org/core: "next" is not a version',
    );
  });
});

describe("prereleaseVersion", () => {
  test("appends the commit", () => {
    expect(prereleaseVersion("0.2.0", "abc1234")).toBe("0.2.0-pr.abc1234");
  });

  // A hash of digits only is a number to semver, which a leading zero makes invalid.
  test.each([["main"], ["abc"], ["ABC1234"], ["0123456"]])("refuses %s", (sha) => {
    expect(() => prereleaseVersion("0.2.0", sha)).toThrow(
      `"${sha}" makes no prerelease of 0.2.0: pass 7 to 40 digits of a commit's hash`,
    );
  });
});
