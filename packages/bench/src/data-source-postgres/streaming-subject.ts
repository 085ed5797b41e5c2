// Run by streaming.ts, a process for each subject, so that each has its own memory: streams once, prints its figures.
import { createPostgresDataSource } from "@org/data-source-postgres";
import { Client } from "pg";
import Cursor from "pg-cursor";

const [subject, uri = "", count = "0"] = process.argv.slice(2);

const text = `select g::int8 as id, (g % 1000)::int4 as bucket, g * 0.5::float8 as ratio, (g * 1.25)::numeric(12,2) as price,
  'name ' || g as name, 'some longer text for row ' || g as note, 'c' || (g % 7) as code, g % 2 = 0 as flag,
  date '2024-01-01' + (g % 365)::int as day, timestamptz '2024-01-01 00:00+00' + g * interval '1 second' as made
  from (select generate_series(1, ${count}) as g) t`;
const batchRows = 1000;

async function streamed(): Promise<number> {
  await using source = createPostgresDataSource({ url: uri });
  let rows = 0;
  for await (const batch of source.stream(text, { batchRows })) rows += batch.length;
  return rows;
}

async function cursor(getTypeParser?: unknown): Promise<number> {
  const client = new Client({ connectionString: uri });
  await client.connect();
  await client.query("begin read only");
  const config = getTypeParser === undefined ? {} : { types: { getTypeParser } };
  const reader = client.query(new Cursor<unknown[]>(text, [], config as object));
  let rows = 0;
  for (;;) {
    const batch = await reader.read(batchRows);
    if (batch.length === 0) break;
    rows += batch.length;
  }
  await reader.close();
  await client.end();
  return rows;
}

const subjects: Record<string, () => Promise<number>> = {
  stream: streamed,
  "pg-cursor": () => cursor(),
  "pg-cursor, values left as text": () => cursor(() => (value: string) => value),
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
