import { afterAll, expect, test } from "vitest";
import { createAcmeDataSource } from "../src/index.ts";
import { toDataSourceError } from "../src/error-map.ts";
import { logicalTypes } from "../src/type-map.ts";
import { startServer } from "./server.ts";

const server = await startServer();
afterAll(() => server.close());

// What only Acme does belongs in here; what every engine does is in the conformance suite.
test("keeps its password out of sight", async () => {
  const { host, user, password } = server;
  const source = createAcmeDataSource({ host, user, password });
  expect(source.cacheIdentity).toContain(user);
  expect(source.cacheIdentity).not.toContain(password);
  await source.close();
});

test("knows its own types and codes", () => {
  expect(logicalTypes["bigint"]).toBe("integer");
  expect(toDataSourceError("ACME-1", undefined)).toMatchObject({ code: "QUERY_FAILED", nativeCode: "ACME-1" });
});
