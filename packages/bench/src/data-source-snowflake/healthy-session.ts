import { createSnowflakeDataSource } from "@org/data-source-snowflake";
import { median, type Section, times } from "../section.ts";
import { connectDriver, driverRows, overFactory, startEmulator } from "./subjects.ts";

const ROUNDS = 40;
const QUERIES = 50;

/** What the healing path, and all else of the adapter, costs while nothing expires. */
export async function benchHealthySession(): Promise<Section> {
  await using emulator = await startEmulator();
  const raw = await connectDriver(emulator.options);
  const fixed = createSnowflakeDataSource({ connection: await connectDriver(emulator.options) });
  const { source } = overFactory(emulator.options);
  const sizes = [1, 1000];
  const rows: (string | number)[][] = [];
  for (const size of sizes) {
    const text = `select numbers ${size}`;
    const subjects: readonly [string, () => Promise<unknown>][] = [
      ["snowflake-sdk 3.3.0", () => driverRows(raw, text)],
      ["data source over one connection (cannot heal)", () => fixed.query(text)],
      ["data source over a factory (heals)", () => source.query(text)],
    ];
    const count = size === 1 ? QUERIES : QUERIES / 10;
    for (const [, run] of subjects) for (let index = 0; index < 4 * count; index += 1) await run();
    const samples = subjects.map((): { wall: number; cpu: number }[] => []);
    // In turn, so that a noisy moment meets all.
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [index, [, run]] of subjects.entries()) {
        const [started, used] = [performance.now(), process.cpuUsage()];
        for (let query = 0; query < count; query += 1) await run();
        const { user, system } = process.cpuUsage(used);
        samples[index]?.push({ wall: (performance.now() - started) / count, cpu: (user + system) / 1000 / count });
      }
    }
    const cpu = samples.map((each) => median(each.map((sample) => sample.cpu)));
    const wall = samples.map((each) => median(each.map((sample) => sample.wall)));
    for (const [index, [name]] of subjects.entries()) {
      const [ms = Number.NaN, baseMs = Number.NaN] = [cpu[index], cpu[0]];
      const [elapsed = Number.NaN, baseElapsed = Number.NaN] = [wall[index], wall[0]];
      rows.push([name, size, ms.toFixed(3), times(ms / baseMs), elapsed.toFixed(2), times(elapsed / baseElapsed)]);
    }
  }
  await source.close();
  await fixed.close();
  raw.destroy(() => undefined);
  return {
    title: "A healthy session",
    method: `One query after the other against the local emulator, which answers from a script in a process of its own: median over ${ROUNDS} rounds, in turn, of ${QUERIES} queries (a tenth for 1,000 rows). CPU is that of the client's process; elapsed time includes the emulator and whatever else the machine does. The driver converts numbers to doubles, the data source to bigints.`,
    head: ["", "rows", "CPU (ms per query)", "against the driver", "elapsed (ms per query)", "against the driver"],
    rows,
  };
}
