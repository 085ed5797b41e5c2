import { createMySqlDataSource } from "@org/data-source-mysql";
import type { MySqlServer } from "@org/warehouse-emulators/mysql";
import mysql, { type Pool } from "mysql2/promise";
import { median, type Section, times } from "../section.ts";

interface Subject {
  readonly name: string;
  readonly run: (id: number) => Promise<unknown>;
  readonly close: () => Promise<unknown>;
}

const rounds = 41;
const perRound = 500;
const points = 10_000;
const text = "select id, name, price from points where id = ?";

/** One row by its key through each, in turn within every round, so that a slow moment of the machine meets all alike. */
export async function benchPointQuery({ options }: MySqlServer): Promise<Section> {
  const pool = mysql.createPool({ ...(options as object), connectionLimit: 1 });
  await createPoints(pool);
  await pool.end();
  const rows: (readonly (string | number)[])[] = [];
  for (const concurrency of [1, 10]) {
    const subjects = openSubjects(options, concurrency);
    const rates = new Map<string, number[]>(subjects.map(({ name }) => [name, []]));
    for (const { run } of subjects) await load(run, perRound, concurrency);
    for (let round = 0; round < rounds; round += 1) {
      for (const { name, run } of subjects) rates.get(name)?.push(await load(run, perRound, concurrency));
    }
    const raw = median(rates.get("mysql2, execute()") ?? []);
    for (const [name, values] of rates) {
      const rate = median(values);
      rows.push([concurrency, name, Math.round(rate), Math.round(1e6 / rate), times(rate / raw)]);
    }
    for (const { close } of subjects) await close();
  }
  return {
    title: "One row by its key",
    method: `Median of ${rounds} rounds of ${perRound} prepared statements with a parameter, over TLS on the loopback. trusted: \`readOnly: false\`.`,
    head: ["at once", "through", "statements/s", "µs each", "of mysql2"],
    rows,
  };
}

function openSubjects(options: MySqlServer["options"], max: number): Subject[] {
  const pool = mysql.createPool({ ...(options as object), connectionLimit: max });
  const source = createMySqlDataSource({ ...options, access: "read-write", pool: { max } });
  const trusting = createMySqlDataSource({ ...options, access: "read-write", pool: { max } });
  return [
    { name: "mysql2, execute()", run: (id) => pool.execute(text, [id]), close: () => pool.end() },
    {
      name: "trusted",
      run: (id) => trusting.query({ text, params: [id] }, { readOnly: false }),
      close: () => trusting.close(),
    },
    { name: "read-only (default)", run: (id) => source.query({ text, params: [id] }), close: () => source.close() },
    {
      name: "mysql2, START TRANSACTION READ ONLY … COMMIT by hand",
      run: async (id) => {
        const connection = await pool.getConnection();
        try {
          await connection.query("START TRANSACTION READ ONLY");
          await connection.execute(text, [id]);
          await connection.query("COMMIT");
        } finally {
          connection.release();
        }
      },
      close: async () => undefined,
    },
  ];
}

async function createPoints(pool: Pool): Promise<void> {
  await pool.query("create table points (id bigint primary key, name varchar(40), price decimal(12,2))");
  const rows = Array.from({ length: points }, (_, id) => `(${id}, 'name ${id}', ${id / 4})`);
  await pool.query(`insert into points values ${rows.join(", ")}`);
}

async function load(run: (id: number) => Promise<unknown>, count: number, concurrency: number): Promise<number> {
  const started = performance.now();
  let left = count;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await run((left * 7919) % points);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return count / ((performance.now() - started) / 1000);
}
