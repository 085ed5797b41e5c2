import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { createSetup } from "./server.ts";

const { start } = createSetup();

test("the driver is loaded at first use, contacts this machine only, writes no file and lets the process end", async () => {
  const emulator = await start();
  const folder = mkdtempSync(join(tmpdir(), "quiet-"));
  const [cwd, home] = [join(folder, "cwd"), join(folder, "home")];
  mkdirSync(cwd);
  const script = join(import.meta.dirname, "children/quiet.ts");
  // The probes and posts are off without any variable of the environment.
  const env = { PATH: process.env["PATH"], HOME: home };
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ["--conditions=@org/source", script, JSON.stringify(emulator.connectionOptions)],
    { cwd, env, timeout: 30_000 },
  );
  const files = readdirSync(cwd);
  rmSync(folder, { recursive: true });
  expect(JSON.parse(stdout)).toEqual({ before: false, after: true, value: "1", hosts: ["127.0.0.1"] });
  expect([stderr, files]).toEqual(["", []]);
  expect([emulator.count("telemetry"), emulator.count("unknown")]).toEqual([0, 0]);
});
