// All engines at once, and everything that can go wrong: node --expose-gc --conditions=@org/source main.ts --seconds 600
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { dialects, type EngineName } from "../engines/engine.ts";
import { memoryViolations, watchMemory } from "./memory.ts";
import { createRandom } from "./random.ts";
import { startServers } from "./remote.ts";
import { runStorm } from "./storm.ts";
import { sum, type Tally } from "./tally.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "30" },
    seed: { type: "string", default: String(Date.now() % 2 ** 32) },
    engine: { type: "string", multiple: true, default: Object.keys(dialects).filter((name) => name !== "snowflake") },
  },
});
const seconds = Number(values.seconds);
const seed = Number(values.seed);
if (!(seconds > 0)) throw new RangeError("--seconds takes a number above 0");
if (!Number.isInteger(seed) || seed < 0) throw new RangeError("--seed takes a whole number from 0");

console.log(`seed ${seed}, ${seconds} s, ${values.engine.join(", ")}`);
const violations: string[] = [];
process.on("unhandledRejection", (reason) => violations.push(`unhandled rejection: ${String(reason)}`));
process.on("uncaughtException", (error) => violations.push(`uncaught exception: ${String(error)}`));

const random = createRandom(seed);
const tallies = await storm();
await checkNothingLeft();
violations.push(...tallies.flatMap(({ name, violations: own }) => own.map((text) => `${name}: ${text}`)));
for (const tally of tallies) report(tally);
for (const violation of violations.slice(0, 50)) console.error(`VIOLATION ${violation}`);
console.log(violations.length === 0 ? "no violation" : `${violations.length} violations, seed ${seed}`);
if (violations.length > 0) process.exitCode = 1;

async function storm(): Promise<Tally[]> {
  await using servers = startServers();
  const engines = await Promise.all(values.engine.map((name) => servers.start(name as EngineName)));
  const memory = watchMemory(Math.max(250, (seconds * 1000) / 120));
  const end = AbortSignal.timeout(seconds * 1000);
  const results = await Promise.all(engines.map((engine) => runStorm(engine, random.fork(), end)));
  const usage = memory.stop();
  console.log(`memory in MiB, second and last quarter: ${JSON.stringify(usage)}`);
  violations.push(...memoryViolations(usage));
  return results;
}

/** Timers and sockets of the clients; the servers are gone by now. */
async function checkNothingLeft(): Promise<void> {
  const ours = new Set(["Timeout", "Immediate", "TCPSocketWrap", "TLSWrap", "TCPServerWrap", "GetAddrInfoReqWrap"]);
  const left = (): string[] => process.getActiveResourcesInfo().filter((name) => ours.has(name));
  const deadlineMs = performance.now() + 10_000;
  // A pause is a timer itself.
  while (left().length > 0 && performance.now() < deadlineMs) await pause(100);
  if (left().length > 0) violations.push(`left over: ${left().join(", ")}`);
}

function report({ name, succeeded, failed, faults, writes }: Tally): void {
  const list = (counts: ReadonlyMap<string, number>): string =>
    [...counts]
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([key, count]) => `${key} ${count}`)
      .join("; ");
  const of = (outcome: string): number => [...writes.values()].filter((each) => each === outcome).length;
  console.log(`${name}: ${sum(succeeded)} succeeded, ${sum(failed)} failed, ${sum(faults)} faults`);
  console.log(`  succeeded: ${list(succeeded)}`);
  console.log(`  failed: ${list(failed)}`);
  console.log(`  faults: ${list(faults)}`);
  console.log(`  writes: ${of("done")} done, ${of("not done")} not done, ${of("unknown")} unknown`);
}
