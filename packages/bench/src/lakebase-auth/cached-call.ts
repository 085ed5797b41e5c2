import { measure } from "mitata";
import { median, type Section, times } from "../section.ts";
import { subjects, type Token } from "./subjects.ts";

const ROUNDS = 7;

/** What a driver pays for each new connection while a token is in hand. */
export async function benchCachedCall(): Promise<Section> {
  const hour = 3_600_000;
  const mint = (): Promise<Token> =>
    Promise.resolve({ token: "token", expireTime: new Date(Date.now() + hour).toISOString() });
  const passwords = subjects.map((subject) => subject.create(mint));
  const samples = subjects.map((): number[] => []);
  // In turn, so that a noisy moment meets all of them.
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, password] of passwords.entries()) {
      await password();
      const { p50 } = await measure(async () => await password(), { min_cpu_time: 3e8 });
      samples[index]?.push(p50);
    }
  }
  const ns = samples.map(median);
  const peerNs = ns.at(-1) ?? Number.NaN;
  return {
    title: "A cached password() call",
    method: `One awaited call with a valid token in the cache: median of ${ROUNDS} rounds in one process, in turn, of each round's median.`,
    head: ["", "ns", "against the peer"],
    rows: subjects.map(({ name }, index) => {
      const each = ns[index] ?? Number.NaN;
      return [name, Math.round(each), times(each / peerNs)];
    }),
  };
}
