// Streams a million rows as the first argument says, and prints how much memory came on top of an idle process.
import { createClient, createOurs } from "./subjects.ts";

const [who, url = ""] = process.argv.slice(2);
process.env["METADATA_SERVER_DETECTION"] = "none";
const text = "select rows 1000000";

const ours = createOurs(url);
const client = createClient(url);
await ours.query("select 1 as a");
await client.query("select 1 as a");
const before = process.memoryUsage().rss;
let peak = before;
const sampler = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage().rss);
}, 10);
const started = performance.now();
let rows = 0;
if (who === "ours") {
  for await (const batch of ours.stream(text)) rows += batch.length;
} else {
  const stream = client.createQueryStream({ query: text, wrapIntegers: true });
  for await (const row of stream) if (row) rows += 1;
}
clearInterval(sampler);
await ours.close();
console.log(JSON.stringify({ rows, seconds: (performance.now() - started) / 1000, extraBytes: peak - before }));
