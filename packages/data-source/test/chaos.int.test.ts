import { expect, test } from "vitest";
import { runNode } from "./child.ts";

// `pnpm soak` runs the same for ten minutes.
test("30 s of aborts, cuts, expiries, slow readers, bad SQL and closes on all engines leave nothing wrong", async () => {
  const { code, stdout, stderr } = await runNode(["--expose-gc", "test/chaos/main.ts", "--seconds", "30"], {});
  expect(stderr, stdout).toBe("");
  expect(stdout).toContain("no violation");
  expect(code).toBe(0);
}, 240_000);
