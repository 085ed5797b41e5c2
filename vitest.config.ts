import { defineConfig } from "vitest/config";

const source = { resolve: { conditions: ["@org/source"] }, ssr: { resolve: { conditions: ["@org/source"] } } };

/** `unit`: no network and no real time. `int`: a real local engine. `live`: a cloud account, skipped unless its variables are set. */
export default defineConfig({
  test: {
    // Most files start a server and measure what it does: side by side on two cores they would measure each other.
    maxWorkers: 1,
    projects: [
      {
        ...source,
        test: {
          name: "unit",
          include: ["packages/*/src/**/*.test.ts", "scripts/src/**/*.test.ts"],
          testTimeout: 20_000,
        },
      },
      {
        ...source,
        test: {
          name: "int",
          include: [
            "packages/*/test/**/*.int.test.ts",
            "examples/*/test/**/*.int.test.ts",
            "scripts/test/**/*.int.test.ts",
          ],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        ...source,
        test: { name: "live", include: ["packages/*/test/**/*.live.test.ts"], testTimeout: 120_000 },
      },
    ],
  },
});
