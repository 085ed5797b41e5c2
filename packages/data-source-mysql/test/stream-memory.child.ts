// Run by stream.int.test.ts: a process of its own, whose memory is nobody else's.
import { createMySqlDataSource, type MySqlDataSourceOptions } from "../src/index.ts";
import { series } from "./series.ts";

const options = JSON.parse(process.env["MYSQL_OPTIONS"] ?? "") as MySqlDataSourceOptions;
const source = createMySqlDataSource(options);
const rows = (count: number): string =>
  `select seq, repeat('x', 1000) as filler from ${series(process.env["IS_MARIADB"] === "true", count)}`;
const rss = (): number => process.memoryUsage().rss;

// What the code itself needs is there before.
for await (const batch of source.stream(rows(20_000))) void batch;
const before = rss();
let most = before;
let bytes = 0;
for await (const batch of source.stream<{ filler: string }>(rows(1_100_000))) {
  for (const { filler } of batch) bytes += filler.length;
  // One long pause, in which the server could fill whatever is not bounded.
  if (bytes === 100_000_000) await new Promise((resolve) => setTimeout(resolve, 1500));
  most = Math.max(most, rss());
}
process.stdout.write(JSON.stringify({ bytes, addedMb: (most - before) / 2 ** 20 }));
// No close(): an idle pool must not keep the process alive.
