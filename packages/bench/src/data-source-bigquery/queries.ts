import { median, type Section, times } from "../section.ts";
import { startServer } from "./server.ts";
import { createClient, createOurs } from "./subjects.ts";

const rounds = 300;

/** Queries one after the other, subjects in turn, so that a noisy moment meets all. */
export async function benchQueries(): Promise<Section> {
  process.env["METADATA_SERVER_DETECTION"] = "none";
  using server = await startServer();
  await using ours = createOurs(server.url);
  const client = createClient(server.url);
  let text = 0;
  const subjects: readonly { readonly name: string; readonly rounds: number; run(): Promise<unknown> }[] = [
    { name: "raw client, 1 row", rounds, run: () => client.query("select 1 as a") },
    { name: "ours, verdict remembered, 1 row", rounds, run: () => ours.query("select 1 as a") },
    { name: "ours, dry run before each, 1 row", rounds, run: () => ours.query(`select 1 as a /* ${(text += 1)} */`) },
    {
      name: "raw client, 5,000 rows of 5 columns",
      rounds: 20,
      run: () => client.query({ query: "select rows 5000", wrapIntegers: true }),
    },
    { name: "ours, 5,000 rows of 5 columns", rounds: 20, run: () => ours.query("select rows 5000") },
  ];
  const samples = subjects.map((): number[] => []);
  for (let round = -20; round < rounds; round += 1) {
    for (const [index, subject] of subjects.entries()) {
      if (round >= subject.rounds) continue;
      const started = performance.now();
      await subject.run();
      // The first rounds warm up.
      if (round >= 0) samples[index]?.push(performance.now() - started);
    }
  }
  const ms = samples.map(median);
  const base = [0, 0, 0, 3, 3].map((index) => ms[index] ?? Number.NaN);
  return {
    title: "A query, and what the dry run costs",
    method: `Median of ${rounds} (5,000 rows: 20) awaited calls against the local emulator in a process of its own, whose answers cost next to nothing. On the service, a dry run is one round trip more, once in ten minutes for each text.`,
    head: ["", "ms", "against the raw client"],
    rows: subjects.map(({ name }, index) => {
      const own = ms[index] ?? Number.NaN;
      return [name, own.toFixed(2), times(own / (base[index] ?? Number.NaN))];
    }),
  };
}
