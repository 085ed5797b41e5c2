import { Problem } from "./problem.ts";

/** DuckDB's error as BigQuery would report it. */
export function problemOf(error: unknown, sql: string, projectId: string): Problem {
  if (error instanceof Problem) return error;
  const message = error instanceof Error ? error.message : String(error);
  const table = /(?:Table|View) with name ("?[\w."]+"?) does not exist/i.exec(message)?.[1];
  if (table !== undefined) {
    return new Problem("notFound", `Not found: Table ${projectId}:${table.replaceAll('"', "")} was not found`);
  }
  const schema = /schema (?:with name )?"?([\w-]+)"? does not exist/i.exec(message)?.[1];
  if (schema !== undefined) return new Problem("notFound", `Not found: Dataset ${projectId}:${schema} was not found`);
  if (/^Catalog Error: .* already exists/.test(message)) return new Problem("duplicate", message);
  if (/^(?:Conversion|Invalid Input|Out of Range|Constraint) Error/.test(message)) {
    return new Problem("invalidQuery", firstLine(message));
  }
  const place = placeOf(message, sql);
  const column = /Referenced column "([^"]+)" (?:not found|was not found)|does not have a column named "([^"]+)"/.exec(
    message,
  );
  if (column) return new Problem("invalidQuery", `Unrecognized name: ${column[1] ?? column[2]}${place}`);
  const call = /Function with name "?(\w+)"? does not exist/i.exec(message)?.[1];
  if (call !== undefined) {
    return new Problem("notImplemented", `BigQuery emulator: DuckDB has no function ${call}; script an answer`);
  }
  if (message.startsWith("Parser Error"))
    return new Problem("invalidQuery", `Syntax error: ${firstLine(message)}${place}`);
  if (message.startsWith("Binder Error")) return new Problem("invalidQuery", `${firstLine(message)}${place}`);
  return new Problem(
    "notImplemented",
    `BigQuery emulator: DuckDB cannot run this; script an answer (${firstLine(message)})`,
  );
}

function firstLine(message: string): string {
  return message.split("\n")[0] ?? message;
}

/** ` at [line:column]`: the rewritten SQL has other places, so the word under DuckDB's caret is looked up. */
function placeOf(message: string, sql: string): string {
  const [, prefix = "", shown = "", padding = ""] = /(LINE \d+: )(.*)\n( *)\^/.exec(message) ?? [];
  if (shown === "") return "";
  const word = /^"?(\w+)/.exec(shown.slice(padding.length - prefix.length))?.[1];
  const found = word === undefined ? -1 : sql.search(new RegExp(`\\b${word}\\b`, "i"));
  const before = sql.slice(0, found === -1 ? sql.length : found).split("\n");
  return ` at [${before.length}:${(before.at(-1)?.length ?? 0) + 1}]`;
}
