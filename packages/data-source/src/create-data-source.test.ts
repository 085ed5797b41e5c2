import { generateKeyPairSync } from "node:crypto";
import { inspect } from "node:util";
import { expect, test } from "vitest";
import type { DataSourceConfig } from "./config.ts";
import { createDataSource } from "./create-data-source.ts";

const generateKey = (): string =>
  generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" });

test("a config gives the source of its kind, with the options of its adapter", async () => {
  const source = await createDataSource({
    kind: "postgres",
    host: "h",
    user: "u",
    database: "d",
    access: "read-write",
  });
  expect([source.kind, source.access, source.cacheIdentity]).toEqual([
    "postgres",
    "read-write",
    expect.stringContaining('"host":string:"h"'),
  ]);
  await source.close();
});

test("a URL is a config too", async () => {
  const source = await createDataSource("postgres://u:hunter2@h:6543/d");
  expect([source.kind, source.access]).toEqual(["postgres", "read-only"]);
  expect(source.cacheIdentity).toContain("6543");
  expect(inspect(source, { depth: 9, showHidden: true })).not.toContain("hunter2");
  await source.close();
});

test.each<DataSourceConfig>([
  { kind: "postgres", host: "h", user: "u", database: "d" },
  { kind: "mysql", host: "h", user: "u", database: "d" },
  { kind: "snowflake", account: "a", username: "u", password: "p" },
  {
    kind: "bigquery",
    projectId: "p",
    credentials: { serviceAccountKey: { client_email: "u@p", private_key: generateKey() } },
  },
])("%o: sources whose values differ in type share no cache", async (config) => {
  const differences = [{}, { integers: "string" }, { json: "text" }] as const;
  const sources = await Promise.all(differences.map((more) => createDataSource({ ...config, ...more })));
  expect(new Set(sources.map(({ cacheIdentity }) => cacheIdentity)).size).toBe(3);
  await Promise.all(sources.map((source) => source.close()));
});

test("no call opens a source without the user that its adapter needs", async () => {
  const wrong = createDataSource({ kind: "postgres", env: {} });
  await expect(wrong).rejects.toMatchObject({ code: "CONFIGURATION", field: "user" });
});

test.each([
  [undefined, "config must be an object with a kind, or a URL", "config"],
  [null, "config must be an object with a kind, or a URL", "config"],
  [42, "config must be an object with a kind, or a URL", "config"],
  [{}, /kind must be "postgres"/, "kind"],
  [{ kind: "hunter2" }, /kind must be "postgres"/, "kind"],
  [{ kind: "toString" }, /kind must be "postgres"/, "kind"],
  [{ url: "postgres://u:hunter2@h" }, /kind must be "postgres"/, "kind"],
  ["hunter2", /url must begin with /, "url"],
  [{ kind: "postgres", user: "u", password: "hunter2", pasword: "x" }, /pasword is not an option/, "pasword"],
])("createDataSource(%j) rejects and names the field", async (config, message, field) => {
  const error: unknown = await createDataSource(config as never).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: "CONFIGURATION", field });
  expect(String(error)).toMatch(message);
  expect(inspect(error, { depth: 9 })).not.toContain("hunter2");
});
