// Run by streaming.ts, a process for each subject, so that each has its own memory: streams once, prints its figures.
import { createMySqlDataSource } from "@org/data-source-mysql";
import mysql from "mysql2";

const [subject, json = "{}", count = "0"] = process.argv.slice(2);
const options = JSON.parse(json) as object;
const text = "select * from wide";

async function streamed(): Promise<number> {
  await using source = createMySqlDataSource(options);
  let rows = 0;
  for await (const batch of source.stream(text, { batchRows: 1000 })) rows += batch.length;
  return rows;
}

async function driver(own: mysql.ConnectionOptions): Promise<number> {
  const connection = mysql.createConnection({ ...options, ...own });
  let rows = 0;
  for await (const row of connection.query(text).stream({ highWaterMark: 1000 })) if (row) rows += 1;
  connection.end();
  return rows;
}

const subjects: Record<string, () => Promise<number>> = {
  "stream()": streamed,
  "mysql2, query().stream()": () => driver({}),
  "mysql2, without loss": () => driver({ supportBigNumbers: true, bigNumberStrings: true, dateStrings: true }),
};

const before = process.memoryUsage().rss;
let peak = before;
const sampler = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 20);
const started = performance.now();
const rows = await subjects[subject as string]?.();
const seconds = (performance.now() - started) / 1000;
clearInterval(sampler);
if (rows !== Number(count)) throw new Error(`${subject}: ${rows} rows instead of ${count}`);
process.stdout.write(JSON.stringify({ rate: rows / seconds, extraMb: (peak - before) / 2 ** 20 }));
