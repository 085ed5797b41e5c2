import { createRedactor } from "@org/data-source-core/adapter";
import { DatabaseError } from "pg";
import { expect, test } from "vitest";
import { classifyLogin, loginError } from "./login-error.ts";

const refusal = (code: string, message = "refused"): DatabaseError =>
  Object.assign(new DatabaseError(message, 1, "error"), { code });
const system = (code: string): Error => Object.assign(new Error(code), { code });

test.each<[Error, string, string]>([
  [refusal("28P01"), "credential", "AUTHENTICATION"],
  [refusal("28000"), "credential", "AUTHENTICATION"],
  [refusal("57P03"), "transient", "CONNECTION"],
  [refusal("53300"), "transient", "LIMIT_EXCEEDED"],
  [refusal("3D000"), "permanent", "NOT_FOUND"],
  [refusal("XX000", "something else"), "permanent", "CONNECTION"],
  [refusal("XX000", "password authentication failed for user 'x'"), "credential", "AUTHENTICATION"],
  [refusal("XX000", "JWT token has expired"), "credential", "AUTHENTICATION"],
  [refusal("XX000", "invalid JWT"), "permanent", "AUTHENTICATION"],
  [refusal("XX000", "JWT token is not yet ready"), "transient", "AUTHENTICATION"],
  [refusal("XX000", "the endpoint cannot be found"), "permanent", "NOT_FOUND"],
  [refusal("XX000", "This IP address 1.2.3.4 is not allowed"), "permanent", "PERMISSION_DENIED"],
  [refusal("XX000", "Too many connections attempts"), "transient", "LIMIT_EXCEEDED"],
  [refusal("XX000", "Couldn't connect to compute node"), "transient", "CONNECTION"],
  [refusal("42000", "invalid JWT"), "permanent", "CONNECTION"],
  [system("ECONNREFUSED"), "transient", "CONNECTION"],
  [system("EAI_AGAIN"), "transient", "CONNECTION"],
  [system("ENOTFOUND"), "permanent", "CONNECTION"],
  [system("CERT_HAS_EXPIRED"), "permanent", "CONNECTION"],
  [new Error("Connection terminated unexpectedly"), "transient", "CONNECTION"],
  [new Error("anything"), "permanent", "CONNECTION"],
  [Object.assign(new Error("no token"), { name: "CredentialError" }), "permanent", "AUTHENTICATION"],
])("%s: %s, %s", (error, kind, code) => {
  expect(classifyLogin(error)).toBe(kind);
  expect(loginError(error, createRedactor([])).code).toBe(code);
});

test("a secret in the server's words is not passed on", () => {
  const error = loginError(refusal("28P01", "no s3cr3t-canary here"), createRedactor(["s3cr3t-canary"]));
  expect(error.message).toMatch(/^No connection: no .* here$/);
  expect(JSON.stringify([error.message, error.hint, error.cause])).not.toContain("s3cr3t-canary");
});
