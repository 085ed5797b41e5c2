import { describe, expect, test } from "vitest";
import { type ExportChange, findUndescribedExports } from "./undescribed-exports.ts";

const change: ExportChange = {
  name: "@org/a",
  version: "0.2.0",
  exports: [".#a", ".#c"],
  published: { version: "0.1.0", exports: [".#a", ".#b"] },
  hasChangeset: false,
  isDescribed: false,
};
const refusal = (version: string): string =>
  `@org/a: its exports differ from those of ${version} (-.#b +.#c), and no changeset says so: run "pnpm changeset"`;

describe("findUndescribedExports", () => {
  test("refuses names that came and went unsaid", () => {
    expect(findUndescribedExports(change)).toBe(refusal("0.1.0"));
  });

  test("refuses them under a version that is published, whatever its changelog says", () => {
    const published = { version: "0.2.0", exports: [".#a", ".#b"] };
    expect(findUndescribedExports({ ...change, published, isDescribed: true })).toBe(refusal("0.2.0"));
  });

  test.each([
    ["described by its changelog", { isDescribed: true }],
    ["awaiting a release", { hasChangeset: true }],
    ["never published", { published: undefined }],
    ["with the same names", { exports: [".#b", ".#a"] }],
  ])("accepts a package %s", (_, more) => {
    expect(findUndescribedExports({ ...change, ...more })).toBeUndefined();
  });
});
