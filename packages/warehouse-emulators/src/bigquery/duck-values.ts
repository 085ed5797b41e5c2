import {
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBIntervalValue,
  DuckDBListType,
  DuckDBListValue,
  DuckDBStructType,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTimeValue,
  DuckDBTypeId,
  type DuckDBType,
  type DuckDBValue,
} from "@duckdb/node-api";
import type { Field, ParameterType } from "./field.ts";
import { Problem } from "./problem.ts";

/** A value in the REST API's own nesting. */
export type Cell = { readonly v: string | null | readonly Cell[] | { readonly f: readonly Cell[] } };

const types: Partial<Record<DuckDBTypeId, string>> = {
  [DuckDBTypeId.BOOLEAN]: "BOOLEAN",
  [DuckDBTypeId.TINYINT]: "INTEGER",
  [DuckDBTypeId.SMALLINT]: "INTEGER",
  [DuckDBTypeId.INTEGER]: "INTEGER",
  [DuckDBTypeId.BIGINT]: "INTEGER",
  [DuckDBTypeId.UINTEGER]: "INTEGER",
  [DuckDBTypeId.UBIGINT]: "INTEGER",
  [DuckDBTypeId.HUGEINT]: "INTEGER",
  [DuckDBTypeId.SQLNULL]: "INTEGER",
  [DuckDBTypeId.FLOAT]: "FLOAT",
  [DuckDBTypeId.DOUBLE]: "FLOAT",
  [DuckDBTypeId.DECIMAL]: "NUMERIC",
  [DuckDBTypeId.VARCHAR]: "STRING",
  [DuckDBTypeId.UUID]: "STRING",
  [DuckDBTypeId.BLOB]: "BYTES",
  [DuckDBTypeId.DATE]: "DATE",
  [DuckDBTypeId.TIME]: "TIME",
  [DuckDBTypeId.TIMESTAMP]: "DATETIME",
  [DuckDBTypeId.TIMESTAMP_TZ]: "TIMESTAMP",
  [DuckDBTypeId.INTERVAL]: "INTERVAL",
};

export function fieldOf(name: string, type: DuckDBType): Field {
  if (type instanceof DuckDBListType) {
    if (type.valueType instanceof DuckDBListType) throw new Problem("invalidQuery", "Cannot construct array of arrays");
    return { ...fieldOf(name, type.valueType), mode: "REPEATED" };
  }
  if (type instanceof DuckDBStructType) {
    const fields = type.entryNames.map((entry, index) => fieldOf(entry, type.entryTypes[index] as DuckDBType));
    return { name, type: "RECORD", mode: "NULLABLE", fields };
  }
  const known = type.alias === "JSON" ? "JSON" : types[type.typeId];
  if (known === undefined)
    throw new Problem("notImplemented", `BigQuery emulator: no type for DuckDB's ${type.toString()}`);
  return { name, type: known, mode: "NULLABLE" };
}

/** An inferred parameter's type; `undefined` where DuckDB has none. */
export function parameterTypeOf(type: DuckDBType): ParameterType | undefined {
  if (type instanceof DuckDBListType) {
    const arrayType = parameterTypeOf(type.valueType);
    return arrayType && { type: "ARRAY", arrayType };
  }
  const name = types[type.typeId];
  if (name === undefined) return undefined;
  const standard = { INTEGER: "INT64", FLOAT: "FLOAT64", BOOLEAN: "BOOL" }[name];
  return { type: standard ?? name };
}

export function cellOf(value: DuckDBValue, type: DuckDBType): Cell {
  return { v: content(value, type) };
}

function content(value: DuckDBValue, type: DuckDBType): Cell["v"] {
  if (type instanceof DuckDBListType) {
    // A repeated field has no null: it reads as empty.
    const items = value instanceof DuckDBListValue ? value.items : [];
    return items.map((item) => cellOf(item, type.valueType));
  }
  if (value === null) return null;
  if (value instanceof DuckDBStructValue && type instanceof DuckDBStructType) {
    return {
      f: type.entryNames.map((name, index) =>
        cellOf(value.entries[name] ?? null, type.entryTypes[index] as DuckDBType),
      ),
    };
  }
  if (typeof value === "number") return Number.isInteger(value) && isFloat(type) ? value.toFixed(1) : String(value);
  if (value instanceof DuckDBDecimalValue)
    return value
      .toString()
      .replace(/(\.\d*?)0+$/, "$1")
      .replace(/\.$/, "");
  if (value instanceof DuckDBTimestampTZValue) return String(value.micros);
  if (value instanceof DuckDBTimestampValue) return sixDigits(value.toString().replace(" ", "T"));
  if (value instanceof DuckDBTimeValue) return sixDigits(value.toString());
  if (value instanceof DuckDBDateValue) return value.toString();
  if (value instanceof DuckDBBlobValue) return Buffer.from(value.bytes).toString("base64");
  if (value instanceof DuckDBIntervalValue) return interval(value);
  return String(value);
}

function isFloat(type: DuckDBType): boolean {
  return type.typeId === DuckDBTypeId.DOUBLE || type.typeId === DuckDBTypeId.FLOAT;
}

function sixDigits(text: string): string {
  const [whole = "", fraction] = text.split(".");
  return fraction === undefined ? whole : `${whole}.${fraction.padEnd(6, "0")}`;
}

function interval({ months, days, micros }: DuckDBIntervalValue): string {
  const sign = (negative: boolean): string => (negative ? "-" : "");
  const span = Math.abs(months);
  const total = micros < 0n ? -micros : micros;
  const [hours, minutes, seconds] = [total / 3_600_000_000n, (total / 60_000_000n) % 60n, (total / 1_000_000n) % 60n];
  const rest = total % 1_000_000n;
  const fraction = rest === 0n ? "" : `.${String(rest).padStart(6, "0")}`;
  return `${sign(months < 0)}${Math.floor(span / 12)}-${span % 12} ${days} ${sign(micros < 0n)}${hours}:${minutes}:${seconds}${fraction}`;
}
