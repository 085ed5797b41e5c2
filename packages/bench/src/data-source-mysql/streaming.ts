import type { MySqlServer } from "@org/warehouse-emulators/mysql";
import mysql from "mysql2/promise";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { median, type Section, times } from "../section.ts";

interface Figures {
  readonly rate: number;
  readonly extraMb: number;
}

const rows = 1_000_000;
const rounds = 5;
const subjects = ["mysql2, query().stream()", "mysql2, without loss", "stream()"];

/** 1 M rows of 10 columns of a table, read to the end. */
export async function benchStreaming({ options }: MySqlServer): Promise<Section> {
  await createTable(options);
  const results = new Map<string, Figures[]>(subjects.map((subject) => [subject, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const subject of subjects) results.get(subject)?.push(await measure(subject, options));
  }
  const rateOf = (subject: string): number => median((results.get(subject) ?? []).map(({ rate }) => rate));
  return {
    title: "Streaming 1 M rows of 10 columns",
    method: `Median of ${rounds} processes for each, in turn, over TLS on the loopback. without loss: big numbers and dates as text. Extra RSS: the peak above what the process had before it began.`,
    head: ["through", "rows/s", "of mysql2", "extra RSS, MB"],
    rows: subjects.map((subject) => [
      subject,
      Math.round(rateOf(subject)),
      times(rateOf(subject) / rateOf("mysql2, query().stream()")),
      Math.round(median((results.get(subject) ?? []).map(({ extraMb }) => extraMb))),
    ]),
  };
}

async function measure(subject: string, options: MySqlServer["options"]): Promise<Figures> {
  const script = join(import.meta.dirname, "streaming-subject.ts");
  const args = ["--conditions=@org/source", script, subject, JSON.stringify(options), String(rows)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as Figures;
}

async function createTable(options: MySqlServer["options"]): Promise<void> {
  const connection = await mysql.createConnection({ ...(options as object) });
  await connection.query("create table digits (d int primary key)");
  await connection.query("insert into digits values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)");
  await connection.query(
    `create table wide (id bigint primary key, bucket int, ratio double, price decimal(12,2), name varchar(40), note varchar(80),
      code char(2), flag boolean, day date, made timestamp)`,
  );
  await connection.query(
    `insert into wide select g, g % 1000, g * 0.5e0, g * 1.25, concat('name ', g), concat('some longer text for row ', g),
      concat('c', g % 7), g % 2 = 0, date'2024-01-01' + interval (g % 365) day, timestamp'2024-01-01 03:00:00' + interval g second
      from (select a.d + 10 * b.d + 100 * c.d + 1000 * d.d + 10000 * e.d + 100000 * f.d as g
        from digits a, digits b, digits c, digits d, digits e, digits f) as numbers`,
  );
  await connection.end();
}
