import { DataSourceError } from "@org/data-source-core";
import { createDeadline, createRedactor, tagText } from "@org/data-source-core/adapter";
import { inspect } from "node:util";
import { expect, test } from "vitest";
import type { DriverError } from "./driver.ts";
import { isRefusal, loginError, statementError, unknownOutcome } from "./error-map.ts";

const redact = createRedactor(["canary-secret"]);
const driverError = (errno: number, own: object = {}): DriverError =>
  Object.assign(new Error("said the server"), { errno, sqlState: "42000", code: "ER_X", sql: "canary-sql", ...own });

test.each([
  [1064, "SYNTAX"],
  [1146, "NOT_FOUND"],
  [1054, "NOT_FOUND"],
  [1062, "CONSTRAINT"],
  [1050, "ALREADY_EXISTS"],
  [1690, "DATA"],
  [1792, "READ_ONLY"],
  [1142, "PERMISSION_DENIED"],
  [1213, "CONFLICT"],
  [1205, "CONFLICT"],
  [1040, "LIMIT_EXCEEDED"],
  [1969, "STATEMENT_TIMEOUT"],
  [3024, "STATEMENT_TIMEOUT"],
  [1317, "CANCELLED"],
  [1235, "UNSUPPORTED"],
  [9999, "QUERY_FAILED"],
])("%i is %s", (errno, code) => {
  const error = statementError(driverError(errno), { redact });
  expect([error.code, error.nativeCode, error.sqlState, error.kind]).toEqual([code, String(errno), "42000", "mysql"]);
});

test("our own kill is the deadline's reason, anybody else's is CANCELLED", () => {
  using deadline = createDeadline({ timeoutMs: Infinity, signals: [AbortSignal.abort("gone")] });
  const killed = driverError(1317);
  expect(statementError(killed, { redact, deadline })).toBe(deadline.signal.reason);
  using running = createDeadline({ timeoutMs: Infinity });
  expect(statementError(killed, { redact, deadline: running }).code).toBe("CANCELLED");
});

test("a position is that of the caller's text", () => {
  const tagged = tagText("select 1 from where", { a: "b" });
  const error = driverError(1064, { message: "x near 'where' at line 1" });
  expect(statementError(error, { redact, tagged }).position).toBe(15);
  expect(statementError(driverError(1146), { redact, tagged }).position).toBeUndefined();
});

test("secrets and SQL are not shown", () => {
  const error = statementError(driverError(1064, { message: "a canary-secret" }), { redact });
  expect(inspect(error, { depth: 5 }) + JSON.stringify(error)).not.toMatch(/canary/);
  expect(error.message).toBe("a [redacted]");
});

test("placeholders are no SQLSTATE", () => {
  expect(statementError(driverError(1064, { sqlState: "_____" }), { redact }).sqlState).toBeUndefined();
});

test.each<[string, object, string, boolean]>([
  ["a refused password", { errno: 1045 }, "AUTHENTICATION", false],
  ["an unknown database", { errno: 1049 }, "NOT_FOUND", false],
  ["too many connections", { errno: 1040 }, "LIMIT_EXCEEDED", true],
  ["nobody listening", { code: "ECONNREFUSED", errno: -111 }, "CONNECTION", true],
  ["a certificate", { code: "HANDSHAKE_SSL_ERROR" }, "CONNECTION", false],
  ["a server without TLS", { code: "HANDSHAKE_NO_SSL_SUPPORT" }, "CONNECTION", false],
  ["a wish for the password", { code: "MYSQL_CLEAR_PASSWORD_NOT_ENABLED" }, "AUTHENTICATION", false],
])("login: %s", (_name, own, code, isRetryable) => {
  const error = loginError(Object.assign(new Error("no canary-secret"), own), redact);
  expect([error.code, error.isRetryable]).toEqual([code, isRetryable]);
  expect(error.message).not.toContain("canary");
});

test("login: an error of ours, such as a password function's, stays; without a message its code is told", () => {
  const ours = new DataSourceError({ code: "AUTHENTICATION", message: "no token" });
  expect(loginError(ours, redact)).toBe(ours);
  expect(loginError(Object.assign(new Error(""), { code: "ECONNREFUSED" }), redact).message).toContain("ECONNREFUSED");
});

test("what is the server's answer, and what breaks the connection", () => {
  expect(isRefusal(driverError(1064))).toBe(true);
  expect(isRefusal(driverError(1927))).toBe(false);
  expect(isRefusal(driverError(1064, { fatal: true }))).toBe(false);
  expect(isRefusal(driverError(-104, { code: "ECONNRESET" }))).toBe(false);
});

test("a write whose end is unknown is not retryable", () => {
  const cause = new DataSourceError({ code: "CONNECTION", message: "broke" });
  expect(unknownOutcome(cause)).toMatchObject({ code: "OUTCOME_UNKNOWN", isRetryable: false, cause });
});
