import { type ErrorCode } from "@org/data-source-core";
import { createRedactor } from "@org/data-source-core/adapter";
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { toDataSourceError } from "./error-map.ts";

const redact = createRedactor(["canary-secret-1"]);
const mapped = (details: object, text?: string): ReturnType<typeof toDataSourceError> =>
  toDataSourceError(Object.assign(new Error("it failed"), details), {
    redact,
    ...(text === undefined ? {} : { text }),
  });

test.each<[object, ErrorCode]>([
  [{ code: "000604", sqlState: "57014" }, "CANCELLED"],
  [{ code: "000630", sqlState: "57014" }, "STATEMENT_TIMEOUT"],
  [{ code: "001003", sqlState: "42000" }, "SYNTAX"],
  [{ code: "000904", sqlState: "42000" }, "NOT_FOUND"],
  [{ code: "002003", sqlState: "02000" }, "NOT_FOUND"],
  [{ code: "002002", sqlState: "42710" }, "ALREADY_EXISTS"],
  [{ code: "003001", sqlState: "42501" }, "PERMISSION_DENIED"],
  [{ code: "100072", sqlState: "22000" }, "CONSTRAINT"],
  [{ code: "100038", sqlState: "22018" }, "DATA"],
  [{ code: "100051", sqlState: "22012" }, "DATA"],
  [{ code: "999999", sqlState: "42501" }, "PERMISSION_DENIED"],
  [{ code: "999999", sqlState: "XX000" }, "QUERY_FAILED"],
  [{ code: "390100" }, "AUTHENTICATION"],
  [{ code: "390144" }, "AUTHENTICATION"],
  [{ code: "394400" }, "AUTHENTICATION"],
  [{ code: "390318" }, "AUTHENTICATION"],
  [{ code: "390114" }, "SESSION_LOST"],
  [{ code: 407002, sqlState: "08003" }, "SESSION_LOST"],
  [{ code: 401001 }, "CONNECTION"],
  [{ code: 402001 }, "CONNECTION"],
  [{ code: "ECONNREFUSED" }, "CONNECTION"],
  [{ code: 404001 }, "QUERY_FAILED"],
  [{}, "QUERY_FAILED"],
])("%o is %s", (details, code) => {
  expect(mapped(details).code).toBe(code);
});

test("keeps the server's code as text, its SQLSTATE and the query id", () => {
  const error = mapped({ code: 100038, sqlState: "22018", data: { queryId: "q-1" } });
  expect(error).toMatchObject({ kind: "snowflake", nativeCode: "100038", sqlState: "22018", queryId: "q-1" });
});

test("a position by line and column, from the reply or else from the message", () => {
  const text = "select 1\nfro t";
  expect(mapped({ code: "001003", data: { line: 2, pos: 4 } }, text).position).toBe(14);
  const message = "SQL compilation error:\nsyntax error line 2 at position 4 unexpected 't'.";
  expect(mapped({ code: "001003", message, data: { line: -1, pos: -1 } }, text).position).toBe(14);
  expect(mapped({ code: "001003", message }, text).position).toBe(14);
  expect(mapped({ code: "001003" }, text).position).toBeUndefined();
  expect(mapped({ code: "001003", data: { line: 9, pos: 0 } }, text).position).toBeUndefined();
});

test("shows no secret, neither its own nor in what the driver hangs on", () => {
  const error = mapped({
    code: 401004,
    message: "token canary-secret-1 refused",
    response: { body: "canary-response-2", headers: { Authorization: "canary-header-3" } },
    config: { data: "canary-config-4" },
  });
  const shown = inspect(error, { depth: 12 }) + JSON.stringify(error);
  expect(shown).toContain("token [redacted] refused");
  expect(shown).not.toMatch(/canary/);
});

test("an error of ours passes as it is", () => {
  const error = mapped({ code: "001003" });
  expect(toDataSourceError(error, { redact })).toBe(error);
});
