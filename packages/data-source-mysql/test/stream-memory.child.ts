// Run by stream.int.test.ts: a process of its own, whose memory is nobody else's.
import { createMySqlDataSource, type MySqlDataSourceOptions } from "../src/index.ts";

const options = JSON.parse(process.env["MYSQL_OPTIONS"] ?? "") as MySqlDataSourceOptions;
const source = createMySqlDataSource(options);
const text = "select seq, repeat('x', 1000) as filler from seq_1_to_1100000";
const rss = (): number => process.memoryUsage().rss;

// What the code itself needs is there before.
for await (const rows of source.stream("select seq, repeat('x', 1000) as filler from seq_1_to_20000")) void rows;
const before = rss();
let most = before;
let bytes = 0;
for await (const rows of source.stream<{ filler: string }>(text)) {
  for (const { filler } of rows) bytes += filler.length;
  // One long pause, in which the server could fill whatever is not bounded.
  if (bytes === 100_000_000) await new Promise((resolve) => setTimeout(resolve, 1500));
  most = Math.max(most, rss());
}
process.stdout.write(JSON.stringify({ bytes, addedMb: (most - before) / 2 ** 20 }));
// No close(): an idle pool must not keep the process alive.
