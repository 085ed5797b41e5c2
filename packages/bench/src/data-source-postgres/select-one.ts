import { createPostgresDataSource } from "@org/data-source-postgres";
import type { LakebaseEmulator } from "@org/lakebase-emulator";
import { Pool } from "pg";
import postgres from "postgres";
import { median, type Section, times } from "../section.ts";

interface Subject {
  readonly name: string;
  readonly run: () => Promise<unknown>;
  readonly close: () => Promise<unknown>;
}

const rounds = 41;
const perRound = 500;

/** `select 1` through each, in turn within every round, so that a slow moment of the machine meets all alike. */
export async function benchSelectOne(emulator: LakebaseEmulator): Promise<Section> {
  const rows: (readonly (string | number)[])[] = [];
  for (const concurrency of [1, 10]) {
    const subjects = openSubjects(emulator, concurrency);
    const rates = new Map<string, number[]>(subjects.map(({ name }) => [name, []]));
    for (const { run } of subjects) await load(run, perRound, concurrency);
    for (let round = 0; round < rounds; round += 1) {
      for (const { name, run } of subjects) rates.get(name)?.push(await load(run, perRound, concurrency));
    }
    const raw = median(rates.get("pg") ?? []);
    for (const [name, values] of rates) {
      const rate = median(values);
      rows.push([concurrency, name, Math.round(rate), Math.round(1e6 / rate), times(rate / raw)]);
    }
    for (const { close } of subjects) await close();
  }
  return {
    title: "select 1",
    method: `Median of ${rounds} rounds of ${perRound} statements over a unix socket. trusted: \`readOnly: false, transactional: false\`.`,
    head: ["at once", "through", "statements/s", "µs each", "of pg"],
    rows,
  };
}

function openSubjects({ adminUri }: LakebaseEmulator, max: number): Subject[] {
  const pool = new Pool({ connectionString: adminUri, max });
  const { searchParams, pathname } = new URL(adminUri);
  const sql = postgres({
    host: searchParams.get("host") as string,
    username: "postgres",
    database: pathname.slice(1),
    max,
  });
  const source = createPostgresDataSource({ url: adminUri, access: "read-write", pool: { max } });
  const prepared = createPostgresDataSource({
    url: adminUri,
    access: "read-write",
    pool: { max },
    preparedStatements: true,
  });
  const trusted = { readOnly: false, transactional: false };
  return [
    { name: "pg", run: () => pool.query("select 1 as a"), close: () => pool.end() },
    {
      name: "pg, extended protocol",
      run: () => pool.query({ text: "select 1 as a", queryMode: "extended" } as object as { text: string }),
      close: async () => undefined,
    },
    {
      name: "pg, named statement",
      run: () => pool.query({ text: "select 1 as a", name: "one" }),
      close: async () => undefined,
    },
    { name: "postgres.js", run: () => sql`select 1 as a`, close: () => sql.end() },
    { name: "trusted", run: () => source.query("select 1 as a", trusted), close: () => source.close() },
    {
      name: "trusted, preparedStatements",
      run: () => prepared.query("select 1 as a", trusted),
      close: () => prepared.close(),
    },
    { name: "read-only (default)", run: () => source.query("select 1 as a"), close: async () => undefined },
    {
      name: "read-only, preparedStatements",
      run: () => prepared.query("select 1 as a"),
      close: async () => undefined,
    },
    {
      name: "pg, BEGIN READ ONLY … COMMIT by hand",
      run: async () => {
        const client = await pool.connect();
        try {
          await client.query("BEGIN READ ONLY");
          await client.query("select set_config('statement_timeout', $1, true)", ["60000"]);
          await client.query({ text: "select 1 as a", values: [] });
          await client.query("COMMIT");
        } finally {
          client.release();
        }
      },
      close: async () => undefined,
    },
  ];
}

async function load(run: () => Promise<unknown>, count: number, concurrency: number): Promise<number> {
  const started = performance.now();
  let left = count;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await run();
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return count / ((performance.now() - started) / 1000);
}
