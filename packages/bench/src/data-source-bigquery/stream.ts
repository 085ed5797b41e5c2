import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Section } from "../section.ts";
import { startServer } from "./server.ts";

interface Outcome {
  readonly rows: number;
  readonly seconds: number;
  readonly extraBytes: number;
}

const run = promisify(execFile);

export async function benchStream(): Promise<Section> {
  using server = await startServer();
  const measure = async (who: string): Promise<Outcome> => {
    const script = join(import.meta.dirname, "stream-process.ts");
    const { stdout } = await run(process.execPath, ["--conditions=@org/source", script, who, server.url]);
    return JSON.parse(stdout) as Outcome;
  };
  const subjects = [
    ["@org/data-source-bigquery, stream()", await measure("ours")],
    ["raw client, createQueryStream()", await measure("raw")],
  ] as const;
  return {
    title: "1,000,000 rows of 5 columns as a stream",
    method:
      "Each in a process of its own, sampled every 10 ms; memory beyond what the process had after its first query. Goal: less than 100 MB.",
    head: ["", "rows", "seconds", "extra RSS (MB)"],
    rows: subjects.map(([name, { rows, seconds, extraBytes }]) => [
      name,
      rows,
      seconds.toFixed(1),
      (extraBytes / 1e6).toFixed(0),
    ]),
  };
}
