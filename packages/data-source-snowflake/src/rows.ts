import { type Column, DataSourceError } from "@org/data-source-core";
import { type Deadline, type RawRow, withKeys } from "@org/data-source-core/adapter";
import type { Readable } from "node:stream";
import type { RowStatement } from "./driver.ts";
import { StatementFailure } from "./execute.ts";
import { isExpired } from "./runner.ts";
import type { TypeMap } from "./type-map.ts";

type DriverColumn = NonNullable<ReturnType<RowStatement["getColumns"]>>[number];
type RowReader = (row: { readonly values: readonly (string | null)[] }) => string | null;

/** The rows of a started statement, on demand. */
export interface Rows {
  readonly columns: readonly Column[];
  /** Up to `count` rows, fewer only at the end. Rejects when the deadline is over, or with a StatementFailure. */
  read(count: number, deadline: Deadline): Promise<{ readonly rows: RawRow[]; readonly done: boolean }>;
  close(): void;
}

/** At most `maxRows` rows. Chunks are fetched as the rows are read, a few ahead. */
export function openRows(statement: RowStatement, types: TypeMap, maxRows: number): Rows {
  const native = statement.getColumns() ?? [];
  for (const column of native) readRaw(column);
  const mapped = native.map((column) => types(column.getType(), column.getPrecision(), column.getScale()));
  const columns = withKeys(
    native.map((column, index) => ({
      name: column.getName(),
      type: mapped[index]?.type ?? "other",
      nativeType: mapped[index]?.nativeType ?? column.getType(),
      precision: mapped[index]?.precision,
      scale: mapped[index]?.scale,
      nullable: column.isNullable(),
    })),
  );
  const converts = mapped.map(({ convert }) => convert);
  const convertRow = (row: readonly (string | null)[]): RawRow =>
    converts.map((convert, index) => {
      const text = row[index] ?? null;
      return text === null ? null : convert(text);
    });

  let stream: Readable | undefined;
  let failure: unknown;
  let isDone = false;
  let changed: (() => void) | undefined;
  const begin = (): Readable => {
    const opened = statement.streamRows(maxRows === Infinity ? {} : { start: 0, end: maxRows - 1 });
    const wake = (): void => changed?.();
    opened.on("readable", wake);
    opened.on("end", () => {
      isDone = true;
      wake();
    });
    opened.on("error", (error) => {
      failure = new StatementFailure(error, statement.getQueryId(), true);
      wake();
    });
    return opened;
  };
  return {
    columns,
    read: async (count, deadline) => {
      const rows: RawRow[] = [];
      stream ??= begin();
      while (rows.length < count) {
        const row = stream.read() as readonly (string | null)[] | null;
        if (row !== null) rows.push(convertRow(row));
        else if (failure !== undefined) throw failure;
        else if (isDone) return { rows, done: true };
        else {
          const { promise, resolve } = Promise.withResolvers<void>();
          changed = resolve;
          await deadline.race(promise);
        }
      }
      return { rows, done: false };
    },
    close: () => void stream?.destroy(),
  };
}

/**
 * Makes the driver give a column's text as the server sent it. Its own conversions lose digits of numbers and times,
 * evaluate VARIANTs that are not JSON as JavaScript, and post telemetry about precision. The function has this name
 * since 3.1, before it was `getRowValue`.
 */
function readRaw(column: DriverColumn): void {
  const readers = column as unknown as Partial<Record<string, RowReader>>;
  const name = ["_getRowValue", "getRowValue"].find((candidate) => typeof readers[candidate] === "function");
  if (name === undefined) {
    throw new DataSourceError({
      code: "UNSUPPORTED",
      kind: "snowflake",
      message: "This version of snowflake-sdk does not let its values be read without loss",
      hint: "Use a version from 1.9 to 3.3.",
    });
  }
  const index = column.getIndex();
  readers[name] = (row) => row.values[index] ?? null;
}

/** An expiry in the middle of a stream cannot be healed: rows have been delivered. */
export function isMidStreamExpiry(error: unknown, delivered: number): error is StatementFailure {
  return delivered > 0 && isExpired(error);
}
