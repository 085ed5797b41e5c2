import { defineConfig } from "tsdown";

export default defineConfig({
  entry: ["src/index.ts", "src/adapter.ts", "src/registry.ts", "src/cache.ts", "src/limit.ts"],
  format: "esm",
  platform: "node",
  fixedExtension: false,
  dts: true,
  sourcemap: true,
  tsconfig: "../../tsconfig.build.json",
});
