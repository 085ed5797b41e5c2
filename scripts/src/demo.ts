// The examples, one after the other. Arguments are the first one's; with --live it is the only one.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { root } from "./workspace.ts";

async function run(example: string, args: readonly string[]): Promise<number> {
  const main = join(root, "examples", example, "src/main.ts");
  console.log(`\n── examples/${example}`);
  const child = spawn(process.execPath, ["--conditions=@org/source", main, ...args], { stdio: "inherit" });
  // Ctrl-C reaches the example too, which ends in order.
  process.on("SIGINT", () => undefined);
  const [code] = (await once(child, "exit")) as [number | null];
  return code ?? 1;
}

const args = process.argv.slice(2);
process.exitCode = await run("rotation", args);
if (process.exitCode === 0 && !args.includes("--live")) process.exitCode = await run("multi-warehouse", []);
