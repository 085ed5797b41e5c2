import { isDataSourceError } from "@org/data-source-core";
import { pipeline } from "node:stream/promises";
import { type Invocation, readArguments } from "./arguments.ts";
import { commands } from "./commands.ts";
import { describeFailure, exitCodeOf } from "./failure.ts";
import { type Interrupt, listenForInterrupt } from "./interrupt.ts";
import { createProgress, type Progress } from "./progress.ts";
import { printableLines } from "./printable.ts";
import { openSource } from "./source.ts";
import { readSql } from "./sql-text.ts";
import { usage } from "./usage.ts";
import { readVersion } from "./version.ts";

/** Runs one command line and resolves to its exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const { stdout, stderr } = process;
  using interrupt = listenForInterrupt();
  // Nobody is left to read it.
  stderr.on("error", () => undefined);
  let sql: string | undefined;
  try {
    const invocation = readArguments(args, stdout.isTTY);
    if (invocation === "help" || invocation === "version") {
      await print([invocation === "help" ? usage : `${await readVersion()}\n`]);
      return 0;
    }
    if (invocation.command === "query" || invocation.command === "estimate") {
      sql = await readSql(invocation, process.stdin, interrupt.signal);
    }
    return await run(invocation, sql ?? "", interrupt);
  } catch (error) {
    // The reader has gone, as after `| head`: it has what it wanted.
    if ((error as NodeJS.ErrnoException).code === "EPIPE") return 0;
    if (interrupt.exitCode !== undefined && isCancelled(error)) {
      stderr.write("cancelled\n");
      return interrupt.exitCode;
    }
    stderr.write(describeFailure(error, sql));
    return exitCodeOf(error);
  }
}

async function run(invocation: Invocation, sql: string, { signal }: Interrupt): Promise<number> {
  const { stdout, stderr } = process;
  await using source = await openSource(invocation);
  using progress = createProgress(stderr, invocation.command);
  return await commands[invocation.command]({
    source,
    invocation,
    sql,
    signal,
    progress,
    write: (pieces) => print(stdout.isTTY ? onTerminal(pieces, progress) : pieces),
    say: (line) => {
      progress.end();
      stderr.write(`${line}\n`);
    },
  });
}

const print = (pieces: AsyncIterable<string> | Iterable<string>): Promise<void> =>
  pipeline(pieces, process.stdout, { end: false });

/** Rows on the same terminal are progress enough. */
async function* onTerminal(
  pieces: AsyncIterable<string> | Iterable<string>,
  progress: Progress,
): AsyncGenerator<string> {
  for await (const piece of pieces) {
    progress.end();
    yield printableLines(piece);
  }
}

/** Of a call, or of reading standard input. */
const isCancelled = (error: unknown): boolean =>
  isDataSourceError(error, "CANCELLED") || (error instanceof Error && error.name === "AbortError");
