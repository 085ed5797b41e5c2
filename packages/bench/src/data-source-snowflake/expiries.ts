import { median, type Section } from "../section.ts";
import { connectDriver, driverRows, type EmulatorProcess, overFactory, startEmulator } from "./subjects.ts";

const QUERIES = 1_000;
const EVERY = 50;

interface Outcome {
  failures: number;
  expiries: number;
  readonly healed: number[];
  readonly plain: number[];
}

/** 1,000 queries, all sessions expired every 50. */
export async function benchExpiries(): Promise<Section> {
  await using emulator = await startEmulator();
  const { source, calls } = overFactory(emulator.options);
  const ours = await measure(emulator, () => source.query("select 1"));
  const factoryCalls = calls() - 1;
  await source.close();
  const raw = await connectDriver(emulator.options);
  const driver = await measure(emulator, () => driverRows(raw, "select 1"));
  raw.destroy(() => undefined);
  return {
    title: `${QUERIES} queries, with an expiry every ${EVERY}`,
    method:
      "The emulator refuses every session with 390114 before each 50th query. Factory calls: beyond the first connection.",
    head: ["", "failed", "expiries", "factory calls", "ms per query, median", "ms of a query that heals, median"],
    rows: [
      ["data source over a factory", ours.failures, ours.expiries, factoryCalls, ms(ours.plain), ms(ours.healed)],
      ["snowflake-sdk 3.3.0, one connection", driver.failures, driver.expiries, "–", ms(driver.plain), "–"],
    ],
  };
}

async function measure(emulator: EmulatorProcess, run: () => Promise<unknown>): Promise<Outcome> {
  const outcome: Outcome = { failures: 0, expiries: 0, healed: [], plain: [] };
  await run();
  for (let index = 1; index < QUERIES; index += 1) {
    const isExpired = index % EVERY === 0;
    if (isExpired) {
      await emulator.tell("expire");
      outcome.expiries += 1;
    }
    const started = performance.now();
    await run().catch(() => {
      outcome.failures += 1;
    });
    (isExpired ? outcome.healed : outcome.plain).push(performance.now() - started);
  }
  return outcome;
}

const ms = (samples: readonly number[]): string => median(samples).toFixed(2);
