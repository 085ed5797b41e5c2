import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { NODE, runChild } from "./children/run.ts";
import { useEmulator } from "./emulator.ts";

const emulator = useEmulator();
const bin = (name: string): string => fileURLToPath(new URL(`../node_modules/.bin/${name}`, import.meta.url));
const COMMON = ["tokens 1", "renewed true", "CLOSED", "TIMEOUT", "pg 1", "postgres.js 1"];

test.each([
  ["Node", NODE, [...COMMON, "done"]],
  ["Bun", [bin("bun")], [...COMMON, "Bun.SQL 1", "Bun.SQL UNABLE_TO_VERIFY_LEAF_SIGNATURE", "done"]],
  ["Deno", [bin("deno"), "run", "--allow-all", "--no-lock"], [...COMMON, "done"]],
])("%s: the same program gives the same results, and exits by itself", async (_, command, lines) => {
  // Trust comes from the options alone.
  const { NODE_EXTRA_CA_CERTS: __, ...env } = emulator().env;
  const ended = await runChild("any-runtime.ts", { ...env, CA: emulator().ca }, command);
  expect(ended).toMatchObject({ code: 0, signal: null, stderr: "", stdout: `${lines.join("\n")}\n` });
  expect(emulator().counters).toMatchObject({ token: 1, loginsRejected: 0 });
  expect(emulator().lastSni).toBe("localhost");
});
