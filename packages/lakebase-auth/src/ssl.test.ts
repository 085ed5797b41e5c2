import { describe, expect, test } from "vitest";
import { resolveSsl, type SslInput, type SslMode } from "./ssl.ts";
import { isLoopback, workspaceUrl } from "./workspace-url.ts";

const resolve = (input: Partial<SslInput>) =>
  resolveSsl({ host: "ep.example.com", sslMode: undefined, ssl: undefined, allowCleartext: false, env: {}, ...input });
const VERIFIED = { rejectUnauthorized: true, servername: "ep.example.com", serverName: "ep.example.com" };

describe("TLS", () => {
  test.each<SslMode | undefined>([undefined, "verify-full", "verify-ca", "require", "prefer"])(
    "is verified in mode %s, by option and by variable",
    (sslMode) => {
      expect(resolve({ sslMode })).toEqual(VERIFIED);
      expect(resolve({ env: { PGSSLMODE: sslMode } })).toEqual(VERIFIED);
    },
  );

  test.each(["10.0.0.1", "255.1.2.3", "::1", "fe80::1%eth0", "[2001:db8::1]"])("to %s names no server", (host) => {
    expect(resolve({ host, allowCleartext: true })).toEqual({ rejectUnauthorized: true });
  });

  test("to several hosts leaves each its own name", () => {
    expect(resolve({ host: "a.example.com,b.example.com" })).toEqual({ rejectUnauthorized: true });
  });

  test("takes settings of the user's, and keeps verifying", () => {
    expect(resolve({ ssl: { ca: "PEM" } })).toEqual({ ...VERIFIED, ca: "PEM" });
    expect(resolve({ ssl: true })).toEqual(VERIFIED);
    expect(resolve({ ssl: { rejectUnauthorized: undefined } as never })).toEqual(VERIFIED);
    expect(resolve({ ssl: { servername: "front.example.com" } })).toMatchObject({ servername: "front.example.com" });
    expect(resolve({ ssl: true, sslMode: "disable" })).toEqual(VERIFIED);
  });

  test.each(["localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]", "db.localhost"])(
    "may be off, or unverified, for %s, which is this machine",
    (host) => {
      expect(resolve({ host, sslMode: "disable" })).toBe(false);
      expect(resolve({ host, ssl: false })).toBe(false);
      expect(resolve({ host, ssl: { rejectUnauthorized: false } })).toMatchObject({ rejectUnauthorized: false });
      expect(resolve({ host })).toMatchObject({ rejectUnauthorized: true });
    },
  );

  test("may be off for several hosts only if all of them are this machine", () => {
    expect(() => resolve({ host: "ep.example.com,db.localhost", sslMode: "disable" })).toThrow("in the clear");
    expect(() => resolve({ host: "127.0.0.1,ep.example.com", ssl: false })).toThrow("in the clear");
    expect(resolve({ host: "localhost,127.0.0.1", sslMode: "disable" })).toBe(false);
  });

  test("may be off elsewhere only by allowCleartext", () => {
    expect(() => resolve({ sslMode: "disable" })).toThrow("in the clear");
    expect(() => resolve({ ssl: false })).toThrow("in the clear");
    expect(resolve({ sslMode: "disable", allowCleartext: true })).toBe(false);
    expect(resolve({ ssl: { rejectUnauthorized: false }, allowCleartext: true })).toMatchObject({
      rejectUnauthorized: false,
    });
  });
});

test.each(["localhost.example.com", "127.0.0.1.example.com", "128.0.0.1", "127.0.0.1,evil.example.com", "", "0.0.0.0"])(
  "%j is not this machine",
  (host) => {
    expect(isLoopback(host)).toBe(false);
  },
);

test.each([
  ["example.com", "https://example.com"],
  ["https://example.com/", "https://example.com"],
  [" HTTPS://Example.com/path?o=1#x ", "https://example.com"],
  ["https://example.com:8443", "https://example.com:8443"],
  ["http://127.0.0.1:8080/", "http://127.0.0.1:8080"],
  ["http://[::1]:8080", "http://[::1]:8080"],
])("the workspace %s is %s", (value, origin) => {
  expect(workspaceUrl(value, "x")).toBe(origin);
});
