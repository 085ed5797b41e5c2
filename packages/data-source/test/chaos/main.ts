// All engines at once, and everything that can go wrong: node --expose-gc --conditions=@org/source main.ts --seconds 600
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { dialects, type EngineName } from "../engines/engine.ts";
import { type MemoryReport, memoryViolations, watchMemory } from "./memory.ts";
import { createRandom } from "./random.ts";
import { startServers } from "./remote.ts";
import { runStorm } from "./storm.ts";
import { sum, type Tally } from "./tally.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "30" },
    seed: { type: "string", default: String(Date.now() % 2 ** 32) },
    engine: { type: "string", multiple: true, default: Object.keys(dialects) },
  },
});
const seconds = Number(values.seconds);
const seed = Number(values.seed);
if (!(seconds > 0)) throw new RangeError("--seconds takes a number above 0");
if (!Number.isInteger(seed) || seed < 0) throw new RangeError("--seed takes a whole number from 0");

console.log(`seed ${seed}, ${seconds} s, ${values.engine.join(", ")}`);
const violations: string[] = [];
let unhandled = 0;
const onUnhandled = (what: string, reason: unknown): void => {
  unhandled += 1;
  violations.push(`${what}: ${String(reason)}`);
};
process.on("unhandledRejection", (reason) => onUnhandled("unhandled rejection", reason));
process.on("uncaughtException", (error) => onUnhandled("uncaught exception", error));

const random = createRandom(seed);
const tallies: Tally[] = [];
await storm();
violations.push(...tallies.flatMap(({ name, violations: own }) => own.map((text) => `${name}: ${text}`)));
for (const tally of tallies) report(tally);
for (const violation of violations.slice(0, 50)) console.error(`VIOLATION ${violation}`);
console.log(violations.length === 0 ? "no violation" : `${violations.length} violations, seed ${seed}`);
if (violations.length > 0) process.exitCode = 1;

async function storm(): Promise<void> {
  await using servers = startServers();
  const engines = await Promise.all(values.engine.map((name) => servers.start(name as EngineName)));
  const memory = watchMemory(Math.max(250, (seconds * 1000) / 120));
  const end = AbortSignal.timeout(seconds * 1000);
  const overdue = setTimeout(giveUp, seconds * 1000 + 60_000);
  await Promise.all(engines.map((engine) => runStorm(engine, random.fork(), end, tallies)));
  clearTimeout(overdue);
  const usage = memory.stop();
  reportMemory(usage);
  violations.push(...memoryViolations(usage));
  await checkNothingLeft();
}

/** A minute after the storm something has not ended, and would not. */
function giveUp(): void {
  for (const tally of tallies) report(tally);
  for (const { name, running } of tallies) for (const what of running) console.error(`HANGS ${name}: ${what}`);
  process.exit(1);
}

/**
 * Timers and sockets of the clients, while the servers still answer: snowflake-sdk repeats the request of a statement
 * that was given up until somebody does, every 16 s at the latest.
 */
async function checkNothingLeft(): Promise<void> {
  const ours = new Set(["Timeout", "Immediate", "TCPSocketWrap", "TLSWrap", "TCPServerWrap", "GetAddrInfoReqWrap"]);
  const left = (): string[] => process.getActiveResourcesInfo().filter((name) => ours.has(name));
  const deadlineMs = performance.now() + 40_000;
  // A pause is a timer itself.
  while (left().length > 0 && performance.now() < deadlineMs) await pause(100);
  if (left().length > 0) violations.push(`left over: ${left().join(", ")}`);
  console.log(`timers and sockets left over: ${left().length}; unhandled rejections and exceptions: ${unhandled}`);
}

function reportMemory({ samples, rssStartMiB, rssEndMiB, rssMiB, heapMiB }: MemoryReport): void {
  const quarters = (values: readonly number[]): string => values.map((value) => value.toFixed(0)).join(" and ");
  console.log(
    `memory in MiB, ${samples} samples: rss ${rssStartMiB.toFixed(0)} at the start, ${rssEndMiB.toFixed(0)} at the end; ` +
      `most in the second and in the last quarter: rss ${quarters(rssMiB)}, heap ${quarters(heapMiB)}`,
  );
}

function report({ name, succeeded, failed, faults, writes, leftOpen }: Tally): void {
  const list = (counts: ReadonlyMap<string, number>): string =>
    [...counts]
      .toSorted(([a], [b]) => a.localeCompare(b))
      .map(([key, count]) => `${key} ${count}`)
      .join("; ");
  const of = (outcome: string): number => [...writes.values()].filter(({ fate }) => fate === outcome).length;
  console.log(`${name}: ${sum(succeeded)} succeeded, ${sum(failed)} failed, ${sum(faults)} faults`);
  console.log(`  succeeded: ${list(succeeded)}`);
  console.log(`  failed: ${list(failed)}`);
  console.log(`  faults: ${list(faults)}`);
  const codes = new Map<string, number>();
  for (const [key, count] of failed) {
    const code = key.slice(key.indexOf(": ") + 2);
    codes.set(code, (codes.get(code) ?? 0) + count);
  }
  console.log(`  by code: ${list(codes)}`);
  console.log(`  left open on the server: ${leftOpen ?? "not asked"}`);
  console.log(`  writes: ${of("done")} done, ${of("not done")} not done, ${of("unknown")} unknown`);
}
