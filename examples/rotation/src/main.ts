import { LakebaseAuthError, type PgConfig, type RefreshEvent } from "@org/lakebase-auth";
import { parseArgs } from "node:util";
import { Pool } from "pg";
import { startLocalBackend, useLiveBackend } from "./backend.ts";
import { createProgress } from "./progress.ts";
import { runScenario } from "./scenario.ts";
import { startWorkload } from "./workload.ts";

const WORKERS = 8;
const REQUIRED_ROTATIONS = 3;

const { values } = parseArgs({ options: { live: { type: "boolean" }, seconds: { type: "string", default: "40" } } });
const seconds = Number(values.seconds);
if (!(seconds >= 1)) throw new RangeError(`--seconds: expected a number of seconds, at least 1, got ${values.seconds}`);

const progress = createProgress(process.stdout);
const interrupt = new AbortController();
process.once("SIGINT", () => {
  progress.say("stopping");
  interrupt.abort();
});

progress.say(values.live ? "connecting" : "starting a local Lakebase");
await using backend = values.live ? useLiveBackend() : await startLocalBackend();

let mints = 0;
let failedMints = 0;
let rotationSeen = Promise.withResolvers<void>();
const onEvent = (event: RefreshEvent): void => {
  if (event.subject !== "credential") return;
  if (event.type === "refresh-attempt-failed") failedMints += 1;
  if (event.type !== "refresh-end") return;
  if (event.outcome === "failure") return progress.say(`a renewal failed: ${event.error?.message ?? "unknown"}`);
  mints += 1;
  if (mints === 1) return;
  rotationSeen.resolve();
  rotationSeen = Promise.withResolvers();
};

let config: PgConfig;
try {
  config = backend.connect({ onEvent });
} catch (error) {
  if (!(error instanceof LakebaseAuthError)) throw error;
  // A stack would hide what is missing or malformed.
  console.error(
    `${error.message}\nFor --live: PGHOST, PGUSER, LAKEBASE_ENDPOINT, DATABRICKS_HOST and an identity, as packages/lakebase-auth/README.md says.`,
  );
  process.exit(1);
}
progress.say(`${WORKERS} workers query ${backend.description}, for ${seconds} s; a connection lives 2 s at most`);
const pool = new Pool({ ...config, max: WORKERS, maxLifetimeSeconds: 2 });
const workload = startWorkload(pool, WORKERS);
const { totals } = workload;
const rotations = (): number => Math.max(0, mints - 1);
const ticker = setInterval(
  () =>
    progress.update(
      `${totals.queries} queries, ${totals.failures} failed, ${rotations()} rotations, ${totals.logins} logins`,
    ),
  250,
);

try {
  await runScenario({
    seconds,
    backend,
    config,
    workload,
    nextRotation: () => rotationSeen.promise,
    announce: progress.say,
    signal: interrupt.signal,
  });
} finally {
  clearInterval(ticker);
  await workload.stop();
  await pool.end();
  await config.close();
  progress.end();
}

console.table({
  queries: totals.queries,
  "failed queries": totals.failures,
  "in flight when connections were cut": totals.cut,
  logins: totals.logins,
  rotations: rotations(),
  mints,
  "mint requests that failed": failedMints,
  "p50 (ms)": workload.latencyMs(50),
  "p99 (ms)": workload.latencyMs(99),
});
for (const message of workload.messages) console.error(`failed: ${message}`);
if (interrupt.signal.aborted) process.exitCode = 130;
else if (totals.failures > 0) process.exitCode = 1;
else if (rotations() < REQUIRED_ROTATIONS && seconds >= 25) {
  console.error(`only ${rotations()} rotations, expected at least ${REQUIRED_ROTATIONS}`);
  process.exitCode = 1;
}
