import { measure } from "mitata";
import { type Section, times } from "../section.ts";
import { subjects, type Token } from "./subjects.ts";

/** What a driver pays for each new connection while a token is in hand. */
export async function benchCachedCall(): Promise<Section> {
  const hour = 3_600_000;
  const mint = (): Promise<Token> =>
    Promise.resolve({ token: "token", expireTime: new Date(Date.now() + hour).toISOString() });
  const rows: { name: string; ns: number }[] = [];
  for (const subject of subjects) {
    const password = subject.create(mint);
    await password();
    const { p50 } = await measure(async () => await password(), { min_cpu_time: 1e9 });
    rows.push({ name: subject.name, ns: p50 });
  }
  const peer = rows.at(-1)?.ns ?? Number.NaN;
  return {
    title: "A cached password() call",
    method: "Median time of one awaited call with a valid token in the cache, all in one process.",
    head: ["", "ns", "against the peer"],
    rows: rows.map(({ name, ns }) => [name, Math.round(ns), times(ns / peer)]),
  };
}
