// Runs before anything else and so may need nothing that is installed.
// pnpm runs a script even when its own implicit install failed.
import { existsSync } from "node:fs";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const problems = [];
if (major < 22 || (major === 22 && minor < 18)) problems.push(`Node >= 22.18 is needed, this is ${process.version}.`);
if (!existsSync(new URL("../../node_modules/vitest/package.json", import.meta.url)))
  problems.push("The dependencies are not installed (the install above failed?).");
if (problems.length > 0) {
  console.error(`${problems.join("\n")}\nRun: npx -y -p node@24 -p pnpm@12 pnpm install`);
  process.exit(1);
}
