import { inspect } from "node:util";
import { expect, test } from "vitest";
import { DataSourceError } from "./errors.ts";
import { createRedactor, safeCause } from "./redaction.ts";

const canary = "canary/p@ss=4711";

test("removes a secret in each of its forms", () => {
  const redact = createRedactor([canary, undefined, ""]);
  const base64 = Buffer.from(canary).toString("base64");
  for (const form of [canary, encodeURIComponent(canary), base64, base64.replace(/=+$/, "")]) {
    expect(redact(`before ${form} after ${form}`)).toBe("before [redacted] after [redacted]");
  }
  expect(redact("nothing here")).toBe("nothing here");
});

test("removes secrets learned later, the newest 16", () => {
  const redact = createRedactor([]);
  expect(redact("token-0001")).toBe("token-0001");
  for (let index = 1; index <= 17; index += 1) redact.add(`token-${String(index).padStart(4, "0")}`);
  expect(redact("token-0017 token-0002 token-0001")).toBe("[redacted] [redacted] token-0001");
});

test("does not blank out words for a very short secret", () => {
  expect(createRedactor(["a"])("a password")).toBe("a password");
});

test("a driver's error is the same object as a cause, and shows nothing it should not", () => {
  const inner = Object.assign(new Error(`inner ${canary}`), { headers: { authorization: canary } });
  const driverError = Object.assign(new Error(`login with ${canary} failed`, { cause: inner }), {
    code: "ER_X",
    errno: 1045,
    sql: `select '${canary}'`,
    config: { password: canary },
    response: { request: { headers: canary } },
    toJSON: () => ({ leaked: canary }),
    [Symbol("state")]: { token: canary },
    [inspect.custom]: () => canary,
    errors: [Object.assign(new Error(canary), { body: canary })],
  });
  const cause = safeCause(driverError, createRedactor([canary]));
  const error = new DataSourceError({ code: "AUTHENTICATION", message: "no", cause });
  expect(error.cause).toBe(driverError);
  expect(driverError.sql).toBe("select '[redacted]'");
  expect(driverError.config).toBeUndefined();
  expect(Object.keys(driverError).sort()).toEqual(["code", "errno"]);
  expect(driverError.message).toBe("login with [redacted] failed");
  for (const text of [
    inspect(error, { depth: 20 }),
    // Some loggers show every own property.
    inspect(error, { depth: 20, showHidden: true }),
    JSON.stringify(driverError, Object.getOwnPropertyNames(driverError)),
    JSON.stringify(error),
    JSON.stringify(Object.entries(driverError)),
    JSON.stringify(cause),
  ]) {
    expect(text).not.toContain("canary");
  }
});

test("what cannot be changed is replaced, and cycles end", () => {
  const cyclic = new Error("a");
  cyclic.cause = cyclic;
  expect(safeCause(cyclic, createRedactor([]))).toBe(cyclic);
  const frozen = Object.freeze(Object.assign(new Error(`x ${canary}`), { sql: canary }));
  const cause = safeCause(frozen, createRedactor([canary])) as Error;
  expect(inspect(cause)).not.toContain("canary");
  expect(cause.message).toBe("x [redacted]");
  expect(safeCause(`text ${canary}`, createRedactor([canary]))).toBe("text [redacted]");
  expect(safeCause(undefined, createRedactor([]))).toBeUndefined();
});
