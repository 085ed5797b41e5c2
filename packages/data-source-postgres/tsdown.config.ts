import { defineConfig } from "tsdown";

export default defineConfig({
  entry: ["src/index.ts"],
  format: "esm",
  platform: "node",
  fixedExtension: false,
  dts: true,
  // Stable names: a restored build replaces the files of the one before instead of lying beside them.
  hash: false,
  sourcemap: true,
  tsconfig: "../../tsconfig.build.json",
});
