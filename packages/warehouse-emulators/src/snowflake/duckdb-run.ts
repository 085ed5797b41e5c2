import type { DuckDBConnection, DuckDBValue } from "@duckdb/node-api";
import { toFailure } from "./duckdb-failure.ts";
import { toText, type SqlToken } from "./sql-text.ts";
import { toWireColumn, toWireValue } from "./values.ts";
import { failures, statementTypes, unsupported, type StatementResult, type WireRow } from "./wire.ts";

export interface DuckDBRun {
  readonly connection: DuckDBConnection;
  /** Rewritten; each still knows where it stood in `original`. */
  readonly tokens: readonly SqlToken[];
  readonly original: string;
  readonly values: readonly DuckDBValue[];
  /** 0: none. */
  readonly maxRows: number;
  readonly signal: AbortSignal;
  readonly statementTypeId: number;
}

/** A result is kept whole, as long as the emulator runs. */
const mostRows = 5_000_000;

/** Runs one statement on DuckDB; an abort interrupts it there. */
export async function runOnDuckDB(run: DuckDBRun): Promise<StatementResult> {
  const { connection, tokens, values, maxRows, signal, statementTypeId } = run;
  let timer: NodeJS.Timeout | undefined;
  // An interrupt that comes before the execution has begun is lost: repeat it until the statement has ended.
  const interrupt = (): void => {
    connection.interrupt();
    timer = setInterval(() => connection.interrupt(), 20);
  };
  const stopListening = (): void => {
    signal.removeEventListener("abort", interrupt);
    clearInterval(timer);
  };
  const isRead = statementTypeId === statementTypes.select;
  if (signal.aborted) throw failures.cancelled;
  signal.addEventListener("abort", interrupt);
  try {
    const stream = await (isRead ? connection.stream : connection.run).call(connection, toText(tokens), [...values]);
    // What has been done cannot be cancelled any more, as on the service.
    if (!isRead) stopListening();
    const types = stream.columnTypes();
    const columns = stream
      .columnNames()
      .map((name, index) => toWireColumn(name, types[index] as (typeof types)[number]));
    const rows: WireRow[] = [];
    for (;;) {
      const chunk = await stream.fetchChunk();
      // An interrupted stream may just end.
      if (isRead && signal.aborted) throw failures.cancelled;
      if (!chunk || chunk.rowCount === 0) break;
      for (const row of chunk.getRows()) {
        if (maxRows > 0 && rows.length === maxRows) break;
        rows.push(row.map((value, index) => toWireValue(value, columns[index] as (typeof columns)[number])));
      }
      if (maxRows > 0 && rows.length === maxRows) break;
      if (rows.length > mostRows) throw unsupported(`a result of more than ${mostRows} rows`);
    }
    return { columns, rows, statementTypeId };
  } catch (error) {
    if (signal.aborted) throw failures.cancelled;
    throw toFailure(error, run.original, (message) => placeOf(message, tokens));
  } finally {
    stopListening();
  }
}

/** Where in the original text DuckDB's `LINE 1: … ^` points. */
function placeOf(message: string, tokens: readonly SqlToken[]): number | undefined {
  const near = /syntax error at or near "(.*)"/.exec(message)?.[1];
  const caret = /^LINE 1: (.*)\n( *)\^/m.exec(message);
  const offset = caret && !caret[1]?.startsWith("...") ? (caret[2]?.length ?? 0) - "LINE 1: ".length : undefined;
  let at = 0;
  for (const token of tokens) {
    const length = toText([token]).length;
    if (offset === undefined ? token.text === near : at + length > offset) return token.start;
    at += length + 1;
  }
  return tokens.at(-1)?.start;
}
