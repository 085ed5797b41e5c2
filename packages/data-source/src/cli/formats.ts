import { type Column, type Row, toJsonRow } from "@org/data-source-core";
import type { Format } from "./arguments.ts";
import { toText } from "./printable.ts";
import { renderTable } from "./table.ts";

/** Rows as they arrive, and their columns, which are known before the first. */
export interface Rows {
  readonly columns: readonly Column[];
  readonly batches: AsyncIterable<readonly Row[]>;
}

/** The rows as text, in pieces; nothing but `table` holds more than a batch. */
export function formatRows(format: Format, rows: Rows): AsyncIterable<string> {
  if (format === "csv") return csv(rows);
  if (format === "ndjson") return ndjson(rows);
  return format === "table" ? table(rows) : json(rows);
}

async function* ndjson({ batches }: Rows): AsyncGenerator<string> {
  for await (const batch of batches) yield batch.map((row) => `${JSON.stringify(toJsonRow(row))}\n`).join("");
}

/** One array. It is closed only after the last row, so that a result that broke off never parses. */
async function* json({ batches }: Rows): AsyncGenerator<string> {
  let opening = "[\n";
  for await (const batch of batches) {
    if (batch.length === 0) continue;
    yield opening + batch.map((row) => JSON.stringify(toJsonRow(row))).join(",\n");
    opening = ",\n";
  }
  yield opening === "[\n" ? "[]\n" : "\n]\n";
}

/** The types of csv-stringify do not know of options for one field; its documentation does. */
const quoteEmpty = ((value: string) => ({ value, quoted_empty: value === "" })) as never;

/** RFC 4180 with a header. NULL is an empty field, an empty string is `""`. */
async function* csv({ columns, batches }: Rows): AsyncGenerator<string> {
  if (columns.length === 0) return;
  const { stringify } = await import("csv-stringify/sync");
  const write = (records: string[][]): string => stringify(records, { cast: { string: quoteEmpty } });
  yield write([columns.map(({ key }) => key)]);
  for await (const batch of batches) {
    yield write(batch.map((row) => columns.map(({ key }) => toText(row[key]) as string)));
  }
}

const rightAligned = new Set(["integer", "float", "decimal"]);

async function* table({ columns, batches }: Rows): AsyncGenerator<string> {
  const lines: (string | undefined)[][] = [];
  for await (const batch of batches) {
    for (const row of batch) lines.push(columns.map(({ key }) => toText(row[key])));
  }
  if (columns.length === 0) return;
  yield await renderTable(
    columns.map(({ key, type }) => ({ name: key, alignment: rightAligned.has(type) ? "right" : "left" })),
    lines,
  );
}
