import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { root } from "../src/workspace.ts";
import { copyWorkspace } from "./workspace-copy.ts";

const PACKAGE = "packages/data-source-click-house";
const run = promisify(execFile);

// Package managers, compilers and a browser, on a machine that may do other things too.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 300_000 });

let top: string;
const inCopy = (program: string, ...args: string[]) =>
  run(program, args, { cwd: top, env: { ...process.env, CI: undefined } });
const bin = (name: string): string => join(top, "node_modules/.bin", name);

beforeAll(async () => {
  top = mkdtempSync(join(tmpdir(), "new-adapter-"));
  copyWorkspace(top);
  await inCopy(process.execPath, join(root, "scripts/src/new-adapter.ts"), "--top", top, "click-house");
  await inCopy("pnpm", "install", "--prefer-offline", "--no-frozen-lockfile");
  await inCopy(bin("oxfmt"), PACKAGE);
});
afterAll(() => rmSync(top, { recursive: true, force: true }));

test("a new adapter is what the checks ask for, from its first day", async () => {
  await inCopy(bin("tsc"), "--noEmit", "-p", ".");
  await inCopy(bin("oxlint"), "--type-aware", "--max-warnings", "0", PACKAGE);
  await inCopy(process.execPath, "scripts/src/check-arrows.ts");
  await inCopy("pnpm", "--filter", "@org/data-source-click-house", "build");
  expect(readFileSync(join(top, ".github/workflows/ci.yml"), "utf8")).toContain(
    "          - data-source-click-house\n",
  );
});

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

test("its tests run: those of its own pass, the conformance suite says what is left to write", async () => {
  const report = join(top, "report.json");
  const args = ["run", "--project", "int", "--reporter=json", `--outputFile=${report}`, `${PACKAGE}/`];
  await expect(inCopy(bin("vitest"), ...args)).rejects.toMatchObject({ code: 1 });
  const { testResults } = JSON.parse(readFileSync(report, "utf8")) as Report;
  const resultsOf = (file: string) => testResults.find(({ name }) => name.endsWith(file))?.assertionResults ?? [];
  expect(resultsOf("click-house.int.test.ts").map(({ status }) => status)).toEqual(["passed", "passed"]);
  const failed = resultsOf("conformance.int.test.ts").filter(({ status }) => status === "failed");
  expect(failed.length).toBeGreaterThan(50);
  expect(failed.filter(({ failureMessages }) => failureMessages[0]?.includes("is not written yet"))).not.toEqual([]);
});
