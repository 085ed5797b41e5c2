import { expect, test } from "vitest";
import { resolveOptions } from "./options.ts";

const base = { user: "reader", env: {} };

test("preparedStatements is off, unless asked for where connections are one's own", () => {
  expect(resolveOptions(base).preparedStatements).toBe(false);
  expect(resolveOptions({ ...base, preparedStatements: true }).preparedStatements).toBe(true);
  expect(resolveOptions({ ...base, preparedStatements: false, pooler: "transaction" }).preparedStatements).toBe(false);
  for (const more of [
    { pooler: "transaction" },
    { host: "ep-x-pooler.example.com" },
    { flavour: "redshift" },
  ] as const) {
    expect(() => resolveOptions({ ...base, ...more, preparedStatements: true })).toThrow(
      expect.objectContaining({ code: "CONFIGURATION", field: "preparedStatements" }),
    );
  }
  expect(() => resolveOptions({ ...base, preparedStatements: 1 as never })).toThrow(/preparedStatements/);
});
