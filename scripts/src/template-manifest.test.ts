import { expect, test } from "vitest";
import { templateManifest } from "./template-manifest.ts";

const tarballs = new Map([
  ["@org/a", "file:./packages/a.tgz"],
  ["@org/core", "file:./packages/core.tgz"],
]);

test("takes our packages from tarballs, direct or not, and the others from the catalog", () => {
  const manifest = {
    name: "template",
    private: true,
    dependencies: { "@org/a": "workspace:^", pg: "catalog:", express: "^5.0.0" },
    devDependencies: { typescript: "catalog:" },
  };
  expect(templateManifest(manifest, tarballs, { pg: "8.23.1", typescript: "7.0.2" })).toEqual({
    name: "template",
    private: true,
    dependencies: { "@org/a": "file:./packages/a.tgz", pg: "8.23.1", express: "^5.0.0" },
    devDependencies: { typescript: "7.0.2" },
    overrides: { "@org/core": "file:./packages/core.tgz" },
  });
});

test("names what is missing", () => {
  const on = (name: string, range: string) => ({ name: "template", dependencies: { [name]: range } });
  expect(() => templateManifest(on("@org/b", "workspace:^"), tarballs, {})).toThrow(
    "The template depends on @org/b, which was not packed; is it private?",
  );
  expect(() => templateManifest(on("pg", "catalog:"), tarballs, {})).toThrow(
    "The template depends on pg, which is not in the catalog",
  );
});
