import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { poolKey, principalKey } from "./identity.ts";

const base = { host: "h", port: 5432, user: "u", password: "canary-secret", role: undefined as string | undefined };

test("equal exactly when every field is", () => {
  expect(poolKey({ ...base })).toBe(poolKey({ password: "canary-secret", user: "u", port: 5432, host: "h" }));
  const variants = [
    base,
    { ...base, password: "other" },
    { ...base, role: "r" },
    { ...base, port: "5432" },
    { ...base, port: 5432n },
    { ...base, user: ["u"] },
    { ...base, user: null },
    { ...base, options: {} },
    { ...base, options: { role: "r" } },
    { ...base, ca: new Uint8Array([1]) },
    { ...base, ca: new Uint8Array([2]) },
  ];
  expect(new Set(variants.map((variant) => poolKey(variant))).size).toBe(variants.length);
});

test("field boundaries cannot be moved by a value", () => {
  expect(poolKey({ a: 'x","b":"y' })).not.toBe(poolKey({ a: "x", b: "y" }));
  expect(poolKey({ a: ["1", "2"] })).not.toBe(poolKey({ a: ["1,2"] }));
});

test("opaque objects count by reference", () => {
  class Client {
    readonly name = "same";
  }
  const [client, password] = [new Client(), (): string => "p"];
  expect(poolKey({ client })).toBe(poolKey({ client }));
  expect(poolKey({ client })).not.toBe(poolKey({ client: new Client() }));
  expect(poolKey({ password })).toBe(poolKey({ password }));
  expect(poolKey({ password })).not.toBe(poolKey({ password: () => "p" }));
});

test("a key is of this process only, and shows no secret", async () => {
  expect(poolKey(base)).toMatch(/^[\w-]{43}$/);
  const url = new URL("identity.ts", import.meta.url).href;
  const program = `import { poolKey } from ${JSON.stringify(url)}; process.stdout.write(poolKey(${JSON.stringify(base)}))`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program]);
  expect(stdout).toMatch(/^[\w-]{43}$/);
  expect(stdout).not.toBe(poolKey(base));
});

test("a principal has one spelling, the same in every process", () => {
  expect(principalKey("postgres", { user: "u", role: undefined, database: "d" })).toBe(
    '{"kind":string:"postgres","principal":{"database":string:"d","user":string:"u"}}',
  );
  expect(principalKey("mysql", { user: "u" })).not.toBe(principalKey("postgres", { user: "u" }));
});
