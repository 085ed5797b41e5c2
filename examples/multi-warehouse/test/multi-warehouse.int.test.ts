import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const main = join(import.meta.dirname, "../src/main.ts");

test("all engines give the same answer, one statement is cancelled and one session heals", async () => {
  // Rejects on any exit code but 0.
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ["--conditions=@org/source", main]);
  expect(stderr).toBe("");
  expect(stdout).toContain(
    "sales by region: east 100 49625.00, north 100 50325.00, south 100 51025.00, west 100 50725.00",
  );
  for (const name of ["Lakebase \\(Postgres\\)", "Snowflake", "BigQuery"])
    expect(stdout).toMatch(new RegExp(`│ ${name} +│ \\d+ +│ 400 +│ 4 +│ true `));
  expect(stdout).toMatch(/aborted: CANCELLED after \d+ ms/);
  expect(stdout).toContain("Snowflake: a fresh session;");
  expect(stdout).toMatch(/'healed in \d+ ms'/);
});
