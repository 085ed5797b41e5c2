// Reads a result in one way, in a process of its own, and reports what memory that took.
import { connectDriver, driverRows, driverStream, overFactory, type ConnectionOptions } from "./subjects.ts";

const [way = "", rows = "0", options = "{}"] = process.argv.slice(2);
const connection = JSON.parse(options) as ConnectionOptions;
const text = `select numbers ${rows}`;

const { source } = overFactory(connection);
const raw = await connectDriver(connection);
await source.query("select 1");
globalThis.gc?.();
const { rss: before, heapUsed: heapBefore } = process.memoryUsage();
let peak = before;
const sample = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage().rss);
}, 5);
const started = performance.now();
let count = 0;
let liveMB = 0;
const progress = (rowsSoFar: number): void => {
  if (Math.floor(rowsSoFar / 50_000) === Math.floor(count / 50_000)) count = rowsSoFar;
  else {
    count = rowsSoFar;
    // What is really held, without the garbage that nobody has needed to collect yet.
    globalThis.gc?.();
    liveMB = Math.max(liveMB, (process.memoryUsage().heapUsed - heapBefore) / 2 ** 20);
  }
};
if (way === "stream") for await (const batch of source.stream(text)) progress(count + batch.length);
else if (way === "driver-stream") for await (const _ of await driverStream(raw, text)) progress(count + 1);
else {
  const all = await driverRows(raw, text);
  progress(all.length);
  if (all.length !== count) throw new Error("unreachable: keeps the rows alive while they are measured");
}
const seconds = (performance.now() - started) / 1000;
clearInterval(sample);
const peakMB = (Math.max(peak, process.memoryUsage().rss) - before) / 2 ** 20;
process.send?.({ count, seconds, peakMB, liveMB });
await source.close();
raw.destroy(() => process.disconnect?.());
