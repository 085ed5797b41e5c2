import { DataSourceError, type ErrorCode, OutcomeUnknownError } from "@org/data-source-core";
import { expect, test } from "vitest";
import { describeFailure, exitCodeOf } from "./failure.ts";
import { UsageError } from "./usage.ts";

const failed = (code: ErrorCode, more = {}): DataSourceError => new DataSourceError({ code, message: "m", ...more });

test.each<[ErrorCode, number]>([
  ["SYNTAX", 1],
  ["QUERY_FAILED", 1],
  ["PERMISSION_DENIED", 1],
  ["CONFIGURATION", 2],
  ["VALIDATION", 2],
  ["AUTHENTICATION", 3],
  ["CONNECTION", 3],
  ["CONNECT_TIMEOUT", 3],
  ["READ_ONLY", 4],
  ["ACQUIRE_TIMEOUT", 3],
  ["STATEMENT_TIMEOUT", 5],
  ["IDLE_TIMEOUT", 5],
])("%s exits with %i", (code, expected) => {
  expect(exitCodeOf(failed(code))).toBe(expected);
});

test("other errors", () => {
  expect(exitCodeOf(new OutcomeUnknownError({ message: "m" }))).toBe(6);
  expect(exitCodeOf(new UsageError("m"))).toBe(2);
  expect(exitCodeOf(new TypeError("m"))).toBe(1);
});

test("says all that helps: code, place, hint, the server's own names", () => {
  const details = { position: 12, hint: "do", sqlState: "42601", queryId: "q1", isRetryable: true, sql: "hunter2" };
  expect(describeFailure(failed("SYNTAX", details), "select 1\nfrom\n  x y")).toBe(
    [
      "error: SYNTAX: m",
      "  at:       line 2, column 3",
      "  hint:     do",
      "  sqlstate: 42601",
      "  query id: q1",
      "  The same command may succeed later.",
      "",
    ].join("\n"),
  );
});

test("speaks of --write where the library speaks of options, and never steers the terminal", () => {
  expect(describeFailure(failed("READ_ONLY", { hint: "readOnly: false" }), "x")).toBe(
    "error: READ_ONLY: m\n  hint:     Only reads run, unless --write is given and the config file allows it.\n",
  );
  const error = new DataSourceError({
    code: "QUERY_FAILED",
    message: "\u001B[2Jx",
    hint: "\u001B[1m",
    queryId: "\u0007",
  });
  expect(describeFailure(error, undefined)).toBe(
    String.raw`error: QUERY_FAILED: \u001b[2Jx
  hint:     \u001b[1m
  query id: \u0007
`,
  );
  expect(describeFailure(new UsageError("wrong"), undefined)).toBe("error: wrong\nSee data-source --help.\n");
  expect(describeFailure("thrown", undefined)).toBe("error: thrown\n");
});
