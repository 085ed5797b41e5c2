import type { LakebaseEmulator } from "@org/lakebase-emulator";
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
const subjects = ["pg-cursor", "pg-cursor, values left as text", "stream"];

/** 1 M rows of 10 columns, read to the end in batches of 1,000. */
export async function benchStreaming({ adminUri }: LakebaseEmulator): Promise<Section> {
  const results = new Map<string, Figures[]>(subjects.map((subject) => [subject, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const subject of subjects) results.get(subject)?.push(await measure(subject, adminUri));
  }
  const rateOf = (subject: string): number => median((results.get(subject) ?? []).map(({ rate }) => rate));
  return {
    title: "Streaming 1 M rows of 10 columns",
    method: `Median of ${rounds} processes for each, in turn; batches of 1,000 rows. Extra RSS: the peak above what the process had before it began.`,
    head: ["through", "rows/s", "of pg-cursor", "extra RSS, MB"],
    rows: subjects.map((subject) => [
      subject,
      Math.round(rateOf(subject)),
      times(rateOf(subject) / rateOf("pg-cursor")),
      Math.round(median((results.get(subject) ?? []).map(({ extraMb }) => extraMb))),
    ]),
  };
}

async function measure(subject: string, uri: string): Promise<Figures> {
  const script = join(import.meta.dirname, "streaming-subject.ts");
  const args = ["--conditions=@org/source", script, subject, uri, String(rows)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as Figures;
}
