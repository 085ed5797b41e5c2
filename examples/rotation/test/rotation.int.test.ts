import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";

const main = join(import.meta.dirname, "../src/main.ts");

async function runDemo(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, ["--conditions=@org/source", main, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"] },
  });
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { code: code as number | null, stdout, stderr };
}

const figure = (stdout: string, name: string): number =>
  Number(new RegExp(`│ ${name.replaceAll(/[()]/g, "\\$&")} +│ ([\\d.]+)`).exec(stdout)?.[1]);

test("no query fails through rotations, an outage of the credential API and a cut of all connections", async () => {
  const { code, stdout, stderr } = await runDemo("--seconds", "26");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain("a renewal failed: Minting a database credential failed with HTTP 503.");
  expect(stdout).toMatch(/cut every connection: [1-8] in use/);
  expect(figure(stdout, "failed queries")).toBe(0);
  expect(figure(stdout, "rotations")).toBeGreaterThanOrEqual(3);
  expect(figure(stdout, "mints")).toBe(figure(stdout, "rotations") + 1);
  expect(figure(stdout, "mint requests that failed")).toBe(1);
  expect(figure(stdout, "in flight when connections were cut")).toBeLessThanOrEqual(8);
  expect(figure(stdout, "queries")).toBeGreaterThan(100);
});

test("a wrong number of seconds is refused by name", async () => {
  const { code, stderr } = await runDemo("--seconds", "soon");
  expect(code).toBe(1);
  expect(stderr).toContain("--seconds: expected a number of seconds, at least 1, got soon");
});

test("--live says in a line what is missing", async () => {
  const { code, stderr } = await runDemo("--live");
  expect(code).toBe(1);
  expect(stderr).toMatch(/^No host: set PGHOST, .*\nFor --live: PGHOST, PGUSER, LAKEBASE_ENDPOINT, .*\n$/);
});
