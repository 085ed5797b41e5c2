import { DataSourceError } from "./errors.ts";
import type { Column } from "./result.ts";
import type { StandardSchema } from "./standard-schema.ts";

/** Values in column order, already converted. */
export type RawRow = readonly unknown[];

/**
 * Gives every column its key: the first of a name keeps it, a repeated one gets `_2`, `_3`… whichever no other column
 * has. So `select a.id, b.id` gives `id` and `id_2`, and a column really called `id_2` keeps its name.
 */
export function withKeys(columns: readonly Omit<Column, "key">[]): Column[] {
  const taken = new Set(columns.map((column) => column.name));
  const used = new Set<string>();
  return columns.map((column) => {
    let key = column.name;
    for (let suffix = 2; used.has(key); suffix += 1) {
      const candidate = `${column.name}_${suffix}`;
      if (!taken.has(candidate)) key = candidate;
    }
    used.add(key);
    taken.add(key);
    return { ...column, key };
  });
}

/** Turns raw rows into what the request asked for. */
export function createRowShaper(columns: readonly Column[], rowMode: "object" | "array"): (row: RawRow) => unknown {
  if (rowMode === "array") return (row) => row;
  const keys = columns.map((column) => column.key);
  if (keys.includes("__proto__")) {
    // Assigning to it would set the prototype and lose the column.
    return (row) => Object.fromEntries(keys.map((key, index) => [key, row[index]]));
  }
  return (row) => {
    const shaped: Record<string, unknown> = {};
    for (let index = 0; index < keys.length; index += 1) shaped[keys[index] as string] = row[index];
    return shaped;
  };
}

/** Counts rows and bytes against the limits. */
export interface RowLimit {
  /** How many rows to ask for: one more than may be kept, since only that one proves a truncation. */
  wanted(batchRows: number): number;
  /** False: the row does not fit, and from now on `truncated` is true. `bytes` defaults to an estimate. */
  admit(row: RawRow, bytes?: number): boolean;
  readonly rows: number;
  readonly truncated: boolean;
}

export function createRowLimit(limits: { readonly maxRows: number; readonly maxBytes: number }): RowLimit {
  const { maxRows, maxBytes } = limits;
  let rows = 0;
  let total = 0;
  let truncated = false;
  return {
    get rows() {
      return rows;
    },
    get truncated() {
      return truncated;
    },
    wanted: (batchRows) => Math.min(batchRows, maxRows - rows + 1),
    admit: (row, bytes) => {
      if (maxBytes !== Infinity) total += bytes ?? sizeOf(row);
      if (truncated || rows >= maxRows || total > maxBytes) truncated = true;
      else rows += 1;
      return !truncated;
    },
  };
}

/** Roughly the bytes that a value takes as text or binary, without overhead. */
function sizeOf(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (typeof value === "number" || typeof value === "bigint") return 8;
  if (value === null || typeof value !== "object") return 1;
  if (value instanceof Uint8Array) return value.byteLength;
  let size = 0;
  for (const item of Array.isArray(value) ? value : Object.values(value)) size += sizeOf(item);
  return size;
}

/** Validates each row; `firstRow` is the number of rows before these. Without a schema the rows pass as they are. */
export async function validateRows<R>(
  rows: readonly unknown[],
  schema: StandardSchema<R> | undefined,
  firstRow = 0,
): Promise<R[]> {
  if (!schema) return rows as R[];
  const validated: R[] = [];
  for (const [index, row] of rows.entries()) {
    const pending = schema["~standard"].validate(row);
    const result = pending instanceof Promise ? await pending : pending;
    if (result.issues === undefined) {
      validated.push(result.value);
      continue;
    }
    const issues = result.issues.map(({ message, path = [] }) => {
      const at = path.map((part) => String(typeof part === "object" ? part.key : part)).join(".");
      return at === "" ? message : `${at}: ${message}`;
    });
    throw new DataSourceError({
      code: "ROW_VALIDATION",
      message: `Row ${firstRow + index + 1} does not fit rowSchema: ${issues.join("; ")}`,
    });
  }
  return validated;
}
