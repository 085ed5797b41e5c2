import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { CredentialError } from "./errors.ts";
import * as main from "./index.ts";
import * as tokenProviders from "./token-providers.ts";

test("the main entry exports exactly this", () => {
  expect(Object.keys(main).toSorted()).toEqual([
    "ConfigurationError",
    "CredentialError",
    "LakebaseAuthError",
    "RequestedClaimsPermissionSet",
    "ValidationError",
    "createPasswordProvider",
    "generateDatabaseCredential",
    "getOrmConfig",
    "getPgConfig",
    "getUsernameWithApiLookup",
  ]);
});

test("the subpath exports exactly this", () => {
  expect(Object.keys(tokenProviders).toSorted()).toEqual([
    "cachedTokenProvider",
    "databricksSdkTokenProvider",
    "externalTokenProvider",
    "federatedTokenProvider",
    "m2mTokenProvider",
    "staticTokenProvider",
  ]);
});

test("the types are exactly these", () => {
  const typesOf = (file: string): string[] =>
    [...readFileSync(new URL(file, import.meta.url), "utf8").matchAll(/export type \{([^}]*)\}/g)]
      .flatMap(([, names = ""]) => names.split(","))
      .map((name) => name.trim())
      .filter((name) => name !== "")
      .toSorted();
  expect(typesOf("./index.ts")).toEqual([
    "ConnectionOptions",
    "CredentialOptions",
    "DatabaseCredential",
    "Environment",
    "FetchLike",
    "FetchedCredential",
    "LakebaseAuthErrorCode",
    "LogLevel",
    "LogListener",
    "OrmConfig",
    "PasswordProvider",
    "PgConfig",
    "ProviderOptions",
    "RefreshCause",
    "RefreshEvent",
    "RefreshListener",
    "RefreshSubject",
    "RequestedClaims",
    "RetryOptions",
    "SslMode",
    "SslOptions",
    "TokenProvider",
    "UsernameOptions",
    "WorkspaceClientLike",
    "WorkspaceToken",
  ]);
  expect(typesOf("./token-providers.ts")).toEqual([
    "CachedTokenProvider",
    "CachedTokenProviderOptions",
    "DatabricksSdkOptions",
    "DatabricksSdkTokenProvider",
    "ExternalToken",
    "FederationOptions",
    "M2mOptions",
    "TokenProvider",
    "WorkspaceClientLike",
    "WorkspaceToken",
  ]);
});

test("claims have the API's own words", () => {
  expect(main.RequestedClaimsPermissionSet).toEqual({ READ_ONLY: "READ_ONLY" });
});

test("an error of another copy of the package is a LakebaseAuthError", () => {
  const foreign = Object.defineProperty(new Error("x"), Symbol.for("@org/lakebase-auth/error"), { value: "x" });
  expect(foreign).toBeInstanceOf(main.LakebaseAuthError);
  expect(foreign).not.toBeInstanceOf(CredentialError);
  expect(new Error("x")).not.toBeInstanceOf(main.LakebaseAuthError);
  expect(new main.ValidationError("f", "m")).toBeInstanceOf(main.LakebaseAuthError);
  expect(new main.ValidationError("f", "m")).not.toBeInstanceOf(main.ConfigurationError);
});

test("the main path imports nothing of Node: it runs wherever fetch does", () => {
  const folder = new URL(".", import.meta.url);
  const sources = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
    .map((file) => [file, readFileSync(new URL(file, folder), "utf8")] as const);
  expect(sources.length).toBeGreaterThan(30);
  const importers = sources.filter(([, text]) => /^(import|export)(?! type)[^;]*from "(?!\.)/m.test(text));
  expect(importers.map(([file]) => file)).toEqual([]);
  const lazy = sources.filter(([, text]) => /import\("node:|import\("@/.test(text)).map(([file]) => file);
  expect(lazy.toSorted()).toEqual(["postgres-js-socket.ts", "providers/databricks-sdk.ts"]);
});
