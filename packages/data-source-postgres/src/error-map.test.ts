import { inspect } from "node:util";
import { createDeadline, createRedactor } from "@org/data-source-core/adapter";
import { DatabaseError } from "pg";
import { expect, test } from "vitest";
import { brokenError, codeOf, nativeCodeOf, noticeOf, statementError, unknownOutcome } from "./error-map.ts";

const canary = "s3cr3t-canary";
const redact = createRedactor([canary]);

function serverError(fields: Partial<DatabaseError>): DatabaseError {
  return Object.assign(new DatabaseError(fields.message ?? "refused", 1, "error"), fields);
}

test.each([
  ["08006", "CONNECTION"],
  ["0A000", "UNSUPPORTED"],
  ["22012", "DATA"],
  ["23505", "CONSTRAINT"],
  ["25006", "READ_ONLY"],
  ["25001", "QUERY_FAILED"],
  ["28P01", "AUTHENTICATION"],
  ["40001", "CONFLICT"],
  ["40P01", "CONFLICT"],
  ["42501", "PERMISSION_DENIED"],
  ["42601", "SYNTAX"],
  ["42703", "NOT_FOUND"],
  ["42P01", "NOT_FOUND"],
  ["42P07", "ALREADY_EXISTS"],
  ["42P18", "VALIDATION"],
  ["53300", "LIMIT_EXCEEDED"],
  ["54001", "LIMIT_EXCEEDED"],
  ["57014", "CANCELLED"],
  ["57P01", "CONNECTION"],
  ["XX000", "QUERY_FAILED"],
  ["", "QUERY_FAILED"],
])("%s is %s", (sqlState, code) => {
  expect(codeOf(sqlState)).toBe(code);
  expect(statementError(serverError({ code: sqlState }), { redact })).toMatchObject({ code, sqlState });
});

test("only a changed result is a conflict among what is not supported", () => {
  const routine = "RevalidateCachedQuery";
  expect(statementError(serverError({ code: "0A000", routine }), { redact })).toMatchObject({
    code: "CONFLICT",
    isRetryable: true,
  });
  expect(statementError(serverError({ code: "XX000", routine }), { redact }).code).toBe("QUERY_FAILED");
});

test("a position counts in the caller's text, without the tags", () => {
  const error = serverError({ code: "42601", position: "30" });
  expect(statementError(error, { redact }).position).toBe(30);
  expect(statementError(error, { redact, tagged: { text: "", offset: 20 } }).position).toBe(10);
  expect(statementError(serverError({ code: "42601" }), { redact }).position).toBeUndefined();
});

test("the server's hint is kept where ours says nothing", () => {
  expect(statementError(serverError({ code: "42703", hint: "Perhaps you meant x" }), { redact }).hint).toBe(
    "Perhaps you meant x",
  );
  expect(statementError(serverError({ code: "25006", hint: "theirs" }), { redact }).hint).toContain("readOnly: false");
});

test("57014 is a timeout when our clock says so, a cancel otherwise", () => {
  const error = serverError({ code: "57014" });
  using over = createDeadline({ timeoutMs: 4 });
  expect(statementError(error, { redact, deadline: over }).code).toBe("STATEMENT_TIMEOUT");
  using early = createDeadline({ timeoutMs: 60_000 });
  expect(statementError(error, { redact, deadline: early }).code).toBe("CANCELLED");
  using aborted = createDeadline({ timeoutMs: 60_000, signals: [AbortSignal.abort("left")] });
  expect(statementError(error, { redact, deadline: aborted })).toBe(aborted.signal.reason);
});

// What is not enumerable stays there for a debugger.
test("neither values nor secrets are in what is shown", () => {
  const error = serverError({
    code: "23505",
    message: `duplicate ${canary}`,
    detail: `Key (a)=(${canary}) exists`,
    where: canary,
    hint: canary,
  });
  const shown = inspect(statementError(error, { redact }), { depth: 10 });
  expect(shown).toContain("23505");
  expect(shown).not.toContain(canary);
});

test("a connection that breaks is CONNECTION, with the system's code; a refusal stays what it is", () => {
  const reset = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
  expect(brokenError(reset, redact)).toMatchObject({ code: "CONNECTION", nativeCode: "ECONNRESET" });
  expect(brokenError(serverError({ code: "57P01" }), redact)).toMatchObject({ code: "CONNECTION", sqlState: "57P01" });
  expect(brokenError(serverError({ code: "25P02" }), redact)).toMatchObject({ code: "QUERY_FAILED" });
  expect(unknownOutcome(brokenError(reset, redact)).code).toBe("OUTCOME_UNKNOWN");
});

test("an SQLSTATE is no system code", () => {
  expect(nativeCodeOf(serverError({ code: "42601" }))).toBeUndefined();
  expect(nativeCodeOf({ code: 5 })).toBeUndefined();
  expect(nativeCodeOf("text")).toBeUndefined();
  expect(noticeOf({})).toEqual({ severity: "NOTICE", code: undefined, message: "" });
});
