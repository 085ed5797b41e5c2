import { once } from "node:events";
import type { Section } from "../section.ts";
import { forkScript, startEmulator } from "./subjects.ts";

interface Outcome {
  readonly count: number;
  readonly seconds: number;
  readonly peakMB: number;
  readonly liveMB: number;
}

const ways = [
  ["data source, stream()", "stream"],
  ["snowflake-sdk 3.3.0, streamRows()", "driver-stream"],
  ["snowflake-sdk 3.3.0, all rows", "driver-all"],
] as const;

/** What memory a large result takes. */
export async function benchStreaming(): Promise<Section> {
  await using emulator = await startEmulator();
  const rows: (string | number)[][] = [];
  for (const size of [100_000, 1_000_000]) {
    for (const [name, way] of ways) {
      const child = forkScript("stream-process.ts", [way, String(size), JSON.stringify(emulator.options)]);
      const [{ count, seconds, peakMB, liveMB }] = (await once(child, "message")) as [Outcome];
      await once(child, "exit");
      rows.push([name, count, liveMB.toFixed(1), peakMB.toFixed(0), Math.round(count / seconds)]);
    }
  }
  return {
    title: "Streaming a result in chunks",
    method:
      "A bigint and 50 characters a row, in chunks of 10,000 rows, from the emulator in a process of its own. Held: the most that a garbage collection forced every 50,000 rows left behind. Resident: the peak, sampled every 5 ms, garbage included. Both beyond what the process had before.",
    head: ["", "rows", "held (MB)", "resident (MB)", "rows per second"],
    rows,
  };
}
