import { createDataSource } from "@org/data-source";
import { type DataSource, type ErrorCode, isDataSourceError } from "@org/data-source-core";
import { setTimeout as pause } from "node:timers/promises";
import { type Dialect, dialects } from "../engines/engine.ts";
import { logTable, type Operation, operations } from "./operations.ts";
import type { Random } from "./random.ts";
import type { RemoteEngine } from "./remote.ts";
import { createTally, increment, type Tally, watched, type Write } from "./tally.ts";

const workers = 6;
const pool = { max: 4 };
/** A fault may be noticed by a connection that was idle when it struck. */
const aftermathMs = 2_000;
/** What a fault of the server may look like to a caller, besides an error that invites to try again. */
const faultCodes: ReadonlySet<ErrorCode> = new Set(["CONNECTION", "SESSION_LOST", "OUTCOME_UNKNOWN"]);

/** All that clients and server do to one engine until `end` aborts; then everything is closed and checked. */
export async function runStorm(
  engine: RemoteEngine,
  random: Random,
  end: AbortSignal,
  tallies: Tally[],
): Promise<void> {
  const tally = createTally(engine.name);
  const dialect = dialects[engine.name];
  tallies.push(tally);
  const open = (): Promise<DataSource> => createDataSource({ ...engine.config, access: "read-write", pool });
  let source = await open();
  await source.query(dialect.createTable(logTable), { readOnly: false });
  const trouble = { faultMs: -Infinity, closeMs: -Infinity };
  const closing: Promise<void>[] = [];

  const work = async (own: Random, worker: number): Promise<void> => {
    for (let turn = 1; !end.aborted; turn += 1) {
      const operation = own.pick(operations);
      const tag = `${engine.name}_${worker}_${turn}`;
      const startedMs = performance.now();
      const running = attempt(operation, { source, dialect, random: own, tag });
      const outcome = await watched(tally, `${operation.name} (${tag})`, running);
      judge(tally, operation, tag, outcome, startedMs, trouble);
    }
  };
  const strike = async (own: Random): Promise<void> => {
    while (await lasts(own.between(100, 1_500), end)) {
      const fault = own.pick(engine.faults);
      increment(tally.faults, fault);
      trouble.faultMs = Infinity;
      await watched(tally, `fault: ${fault}`, engine.fault(fault));
      trouble.faultMs = performance.now();
    }
  };
  const replace = async (own: Random): Promise<void> => {
    while (await lasts(own.between(500, 3_000), end)) {
      const old = source;
      source = await open();
      trouble.closeMs = performance.now();
      const closed = old.close().catch((error: unknown) => void tally.violations.push(`close: ${String(error)}`));
      closing.push(watched(tally, "close", closed));
    }
  };
  const forks = Array.from({ length: workers }, () => random.fork());
  const [striker, replacer] = [random.fork(), random.fork()];
  await Promise.all([...forks.map(work), strike(striker), replace(replacer)]);
  await watched(tally, "a query after the storm", checkAftermath(source, dialect, tally));
  await Promise.all([...closing, watched(tally, "the last close", source.close())]);
  await checkNothingOpen(engine, tally);
}

type Outcome = { readonly error: unknown } | undefined;

async function attempt(operation: Operation, context: Parameters<Operation["run"]>[0]): Promise<Outcome> {
  try {
    await operation.run(context);
    return undefined;
  } catch (error) {
    return { error };
  }
}

interface Trouble {
  readonly faultMs: number;
  readonly closeMs: number;
}

function judge(
  tally: Tally,
  { name, fails, writes }: Operation,
  tag: string,
  outcome: Outcome,
  startedMs: number,
  trouble: Trouble,
): void {
  if (outcome === undefined) {
    increment(tally.succeeded, name);
    if (writes) tally.writes.set(tag, { fate: "done", told: `${name} succeeded` });
    if (fails !== undefined) tally.violations.push(`${name} (${tag}) succeeded`);
    return;
  }
  const { error } = outcome;
  const { code, isRetryable } = isDataSourceError(error) ? error : {};
  increment(tally.failed, `${name}: ${code ?? "other"}`);
  if (writes) tally.writes.set(tag, { fate: fateOf(error), told: `${name}: ${describe(error)}` });
  const isExpected =
    code !== undefined &&
    (fails?.includes(code) === true ||
      ((faultCodes.has(code) || isRetryable === true) && trouble.faultMs >= startedMs - aftermathMs) ||
      (code === "CLOSED" && trouble.closeMs >= startedMs) ||
      (writes === true && (code === "CANCELLED" || code === "OUTCOME_UNKNOWN")));
  if (!isExpected) tally.violations.push(`${name} (${tag}): ${describe(error)}`);
}

/** What a caller knows of a write that failed. */
function fateOf(error: unknown): Write["fate"] {
  if (!isDataSourceError(error)) return "unknown";
  // BigQuery's, when a job had finished before its cancel arrived.
  if (error.hint === "Its effects are in place: do not run it again.") return "done";
  return error.code === "OUTCOME_UNKNOWN" ? "unknown" : "not done";
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  const because = cause === undefined ? "" : ` because of ${describe(cause)}`;
  return `${error.name} ${String(code)}: ${error.message}${because}`;
}

/** Every engine is well again, and each write is there as often as its caller was told. */
async function checkAftermath(source: DataSource, dialect: Dialect, tally: Tally): Promise<void> {
  // The last fault may still hit the first of these.
  for (let left = 5; ; left -= 1) {
    try {
      const { rows } = await source.query<{ tag: string; times: bigint }>(dialect.tags(logTable), {
        maxRows: Infinity,
      });
      const times = new Map(rows.map((row) => [row.tag, Number(row.times)]));
      for (const [tag, { fate, told }] of tally.writes) {
        const count = times.get(tag) ?? 0;
        const isRight = fate === "unknown" ? count <= 1 : count === (fate === "done" ? 1 : 0);
        if (!isRight) tally.violations.push(`write ${tag} is ${fate}, and was done ${count} times (${told})`);
        times.delete(tag);
      }
      for (const tag of times.keys()) tally.violations.push(`write ${tag} was refused, and is there`);
      return;
    } catch (error) {
      increment(tally.failed, `a query after the storm: ${describe(error)}`);
      if (left === 0) tally.violations.push(`did not recover: ${describe(error)}`);
      if (left === 0) return;
    }
  }
}

async function checkNothingOpen(engine: RemoteEngine, tally: Tally): Promise<void> {
  const deadlineMs = performance.now() + 15_000;
  let left = await engine.open();
  while (left > 0 && performance.now() < deadlineMs) {
    await pause(100);
    left = await engine.open();
  }
  tally.leftOpen = left;
  if (left > 0) tally.violations.push(`the server still holds ${left} connections, sessions or jobs`);
}

/** Waits; false when the storm is over. */
async function lasts(ms: number, end: AbortSignal): Promise<boolean> {
  await pause(ms, undefined, { signal: end }).catch(() => undefined);
  return !end.aborted;
}
