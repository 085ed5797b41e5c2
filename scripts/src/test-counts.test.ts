import { expect, test } from "vitest";
import { countTests } from "./test-counts.ts";

const file = (status: string, ...assertions: string[]) => ({
  status,
  assertionResults: assertions.map((each) => ({ status: each })),
});

test("a file that does not load and one whose set-up fails count beside the tests that fail", () => {
  const testResults = [
    file("failed"),
    file("failed", "skipped", "skipped"),
    file("failed", "passed", "failed", "failed"),
    file("passed", "passed"),
  ];
  expect(countTests({ numPassedTests: 2, numFailedTests: 2, testResults }, false)).toEqual({ passed: 2, failed: 4 });
});

test("an error outside of any test makes a red run", () => {
  const report = { numPassedTests: 1, numFailedTests: 0, testResults: [file("passed", "passed")] };
  expect(countTests(report, false)).toEqual({ passed: 1, failed: 1 });
  expect(countTests(report, true)).toEqual({ passed: 1, failed: 0 });
});
