import { describe, expect, test } from "vitest";
import { describesRelease, parseChangeset } from "./changesets.ts";

describe("parseChangeset", () => {
  test("names its packages", () => {
    const text = '---\n"@org/a": minor\n"@org/b": patch\n---\n\nWhat.\n';
    expect(parseChangeset(text)).toEqual(["@org/a", "@org/b"]);
    expect(parseChangeset("---\n---\n\nNothing for users.\n")).toEqual([]);
  });

  test("refuses what is none", () => {
    expect(() => parseChangeset("What.\n")).toThrow('A changeset begins with "---", its packages, and "---"');
  });
});

describe("describesRelease", () => {
  const changelog =
    "# @org/a\n\n## 0.2.1\n\n### Patch Changes\n\n- Updated dependencies\n  - @org/b@0.2.1\n\n## 0.2.0\n\n### Minor Changes\n\n- 1a2b3c4: More.\n";
  test.each([
    ["0.2.0", true],
    ["0.2.1", false],
    ["0.2", false],
    ["0.3.0", false],
  ])("%s: %s", (version, expected) => {
    expect(describesRelease(changelog, version)).toBe(expected);
  });
});
