// Every check and every test of the repository, in one command. Ends with the plain line "N passed, N failed".
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { countTests, type TestCounts, type TestReport } from "./test-counts.ts";
import { root } from "./workspace.ts";

interface Step {
  readonly name: string;
  readonly command: readonly string[];
}

const bin = (name: string): string => join(root, "node_modules/.bin", name);
const node = (script: string): readonly string[] => [process.execPath, join(root, "scripts/src", script)];

const CHECKS: readonly Step[] = [
  { name: "format", command: [bin("oxfmt"), "--check"] },
  { name: "lint", command: [bin("oxlint"), "--type-aware", "--max-warnings", "0"] },
  { name: "types", command: [bin("tsc"), "--noEmit", "-p", "."] },
  { name: "examples", command: node("check-snippets.ts") },
  { name: "dependency directions", command: node("check-arrows.ts") },
  { name: "workflows", command: node("check-workflows.ts") },
  { name: "unused code (knip)", command: [bin("knip")] },
  { name: "build", command: [bin("turbo"), "run", "build", "--output-logs=errors-only"] },
  { name: "packages (contents, publint, types, sizes)", command: node("check-packages.ts") },
  { name: "API reports", command: node("check-api.ts") },
];

const { values } = parseArgs({ options: { "no-tests": { type: "boolean", default: false } } });

function run({ name, command }: Step): Promise<boolean> {
  const [program = "", ...args] = command;
  const startedMs = performance.now();
  console.log(`\n── ${name}`);
  const env = { ...process.env, TURBO_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1" };
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const child = spawn(program, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"], env });
  child.once("error", (error) => {
    console.error(error.message);
    resolve(false);
  });
  child.once("close", (code) => {
    console.log(
      `   ${name}: ${code === 0 ? "ok" : "FAILED"} in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`,
    );
    resolve(code === 0);
  });
  return promise;
}

async function runTests(): Promise<TestCounts> {
  const folder = mkdtempSync(join(tmpdir(), "test-report-"));
  const report = join(folder, "report.json");
  try {
    const args = ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
    const isGreen = await run({ name: "tests", command: [bin("vitest"), ...args] });
    return countTests(JSON.parse(readFileSync(report, "utf8")) as TestReport, isGreen);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return { passed: 0, failed: 1 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const failedSteps: string[] = [];
for (const step of CHECKS) if (!(await run(step))) failedSteps.push(step.name);
const tests = values["no-tests"] ? { passed: 0, failed: 0 } : await runTests();
if (failedSteps.length > 0) console.error(`\nFailed checks: ${failedSteps.join(", ")}`);
const passed = tests.passed + CHECKS.length - failedSteps.length;
const failed = tests.failed + failedSteps.length;
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
