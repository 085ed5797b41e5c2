import { DataSourceError } from "@org/data-source-core";
import { createRedactor } from "@org/data-source-core/adapter";
import { expect, test } from "vitest";
import { ApiError, isLost, isTransient, replyError } from "./api-error.ts";
import { credentialError, toDataSourceError } from "./error-map.ts";

const request = { text: "select\n  nope from t", params: [], rowMode: "object" } as const;

function made(status: number | undefined, reason: string | undefined, message = "m"): DataSourceError {
  const error = toDataSourceError(new ApiError(message, { status, reason }), {
    redact: createRedactor(["hidden-secret"]),
    request,
  });
  expect(error).toBeInstanceOf(DataSourceError);
  return error as DataSourceError;
}

test.each([
  [400, "invalidQuery", "Syntax error: Unexpected identifier at [1:1]", "SYNTAX"],
  [400, "invalidQuery", "Unrecognized name: nope at [2:3]", "NOT_FOUND"],
  [400, "invalidQuery", "Function not found: nope at [2:3]", "NOT_FOUND"],
  [400, "invalidQuery", "No matching signature for operator = at [2:3]", "SYNTAX"],
  [400, "invalidQuery", "division by zero: 1 / 0", "DATA"],
  [400, "invalidQuery", "Required field id cannot be null", "CONSTRAINT"],
  [400, "invalid", "Invalid value for type INT64", "DATA"],
  [404, "notFound", "Not found: Table p:d.t", "NOT_FOUND"],
  [409, "duplicate", "Already Exists: Table p:d.t", "ALREADY_EXISTS"],
  [401, "authError", "m", "AUTHENTICATION"],
  [401, undefined, "m", "AUTHENTICATION"],
  [403, "accessDenied", "m", "PERMISSION_DENIED"],
  [403, "billingNotEnabled", "m", "PERMISSION_DENIED"],
  [403, "quotaExceeded", "m", "LIMIT_EXCEEDED"],
  [403, "rateLimitExceeded", "m", "LIMIT_EXCEEDED"],
  [403, "responseTooLarge", "m", "LIMIT_EXCEEDED"],
  [400, "resourcesExceeded", "m", "LIMIT_EXCEEDED"],
  [400, "bytesBilledLimitExceeded", "m", "LIMIT_EXCEEDED"],
  [400, "stopped", "m", "CANCELLED"],
  [400, "timeout", "m", "STATEMENT_TIMEOUT"],
  [503, "backendError", "m", "QUERY_FAILED"],
  [400, "somethingNew", "m", "QUERY_FAILED"],
  [undefined, undefined, "m", "CONNECTION"],
] as const)("%s %s %s is %s", (status, reason, message, code) => {
  expect(made(status, reason, message).code).toBe(code);
});

test("retryable is what passes by itself", () => {
  expect([503, 500, 502, undefined].map((status) => made(status, undefined).isRetryable)).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect(["backendError", "internalError", "rateLimitExceeded"].map((reason) => made(403, reason).isRetryable)).toEqual(
    [true, true, true],
  );
  expect(["quotaExceeded", "accessDenied", "invalidQuery"].map((reason) => made(403, reason).isRetryable)).toEqual([
    false,
    false,
    false,
  ]);
});

test("the place is a position in the text; SQL is there and not shown; secrets are gone", () => {
  const error = made(400, "invalidQuery", "Unrecognized name: nope at [2:3] hidden-secret");
  expect([error.position, error.sql, error.nativeCode]).toEqual([10, request.text, "invalidQuery"]);
  expect(Object.keys(error)).not.toContain("sql");
  expect(error.message).toBe("Unrecognized name: nope at [2:3] [redacted]");
});

test("a reply's body, or what stands in its place", () => {
  const body = JSON.stringify({ error: { code: 403, message: "no", errors: [{ reason: "quotaExceeded" }] } });
  expect(replyError(403, body)).toMatchObject({ message: "no", reason: "quotaExceeded", status: 403 });
  expect(replyError(502, "<html>Bad gateway</html>")).toMatchObject({ message: "HTTP status 502", reason: undefined });
  expect(replyError(401, '{"error":"invalid_token"}')).toMatchObject({ reason: "authError" });
});

test("lost and transient are told apart", () => {
  const error = (status?: number, reason?: string): ApiError => new ApiError("m", { status, reason });
  expect([error(), error(502), error(503, "backendError"), error(404, "notFound")].map(isLost)).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect([error(), error(429), error(503, "backendError"), error(403, "quotaExceeded")].map(isTransient)).toEqual([
    false,
    true,
    true,
    false,
  ]);
});

test("a token that cannot be had: network or refusal, never its message", () => {
  const network = credentialError(Object.assign(new Error("canary"), { code: "ECONNREFUSED" }));
  expect([network.code, network.nativeCode]).toEqual(["CONNECTION", "ECONNREFUSED"]);
  const refused = credentialError(Object.assign(new Error("canary"), { status: 403 }));
  expect([refused.code, refused.nativeCode, refused.cause]).toEqual(["AUTHENTICATION", "403", undefined]);
  expect(refused.message).not.toContain("canary");
});
