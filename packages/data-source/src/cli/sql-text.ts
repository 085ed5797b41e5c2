import { readFile } from "node:fs/promises";
import { addAbortSignal } from "node:stream";
import { text } from "node:stream/consumers";
import type { Invocation } from "./arguments.ts";
import { UsageError } from "./usage.ts";

/** The statement, from the argument, the file or standard input. */
export async function readSql(
  { sql, file }: Invocation,
  stdin: NodeJS.ReadStream,
  signal: AbortSignal,
): Promise<string> {
  if (sql !== undefined) return checked(sql, "the argument");
  if (file !== undefined) return checked(await readText(file, "--file"), "--file");
  if (stdin.isTTY) throw new UsageError("no SQL: give it as an argument, by --file, or on standard input");
  return checked(await text(addAbortSignal(signal, stdin)), "standard input");
}

/** A file's text; what it cannot read it names by option and reason. */
export async function readText(path: string, option: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new UsageError(`${option} cannot be read: ${(error as NodeJS.ErrnoException).code ?? "unknown reason"}`);
  }
}

function checked(sql: string, place: string): string {
  if (sql.trim() === "") throw new UsageError(`no SQL: ${place} is empty`);
  return sql;
}
