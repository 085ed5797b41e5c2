import { DuckDBTypeId, type DuckDBType, type DuckDBValue } from "@duckdb/node-api";
import { unsupported, type WireColumn, type WireType } from "./wire.ts";

const integerDigits: Partial<Record<DuckDBTypeId, number>> = {
  [DuckDBTypeId.TINYINT]: 3,
  [DuckDBTypeId.UTINYINT]: 3,
  [DuckDBTypeId.SMALLINT]: 5,
  [DuckDBTypeId.USMALLINT]: 5,
  [DuckDBTypeId.INTEGER]: 10,
  [DuckDBTypeId.UINTEGER]: 10,
  [DuckDBTypeId.BIGINT]: 19,
  [DuckDBTypeId.UBIGINT]: 20,
  [DuckDBTypeId.HUGEINT]: 38,
};

const plain: Partial<Record<DuckDBTypeId, WireType>> = {
  [DuckDBTypeId.BOOLEAN]: "boolean",
  [DuckDBTypeId.FLOAT]: "real",
  [DuckDBTypeId.DOUBLE]: "real",
  [DuckDBTypeId.BLOB]: "binary",
  [DuckDBTypeId.DATE]: "date",
  [DuckDBTypeId.UUID]: "text",
  [DuckDBTypeId.SQLNULL]: "text",
};

const withScale: Partial<Record<DuckDBTypeId, readonly [WireType, number]>> = {
  [DuckDBTypeId.TIME]: ["time", 9],
  [DuckDBTypeId.TIMESTAMP]: ["timestamp_ntz", 9],
  [DuckDBTypeId.TIMESTAMP_NS]: ["timestamp_ntz", 9],
  [DuckDBTypeId.TIMESTAMP_TZ]: ["timestamp_ltz", 9],
};

/** How Snowflake would describe a column of this DuckDB type. */
export function toWireColumn(name: string, type: DuckDBType): WireColumn {
  const digits = integerDigits[type.typeId];
  if (digits !== undefined) return { name, type: "fixed", precision: digits, scale: 0 };
  if (type.typeId === DuckDBTypeId.DECIMAL) {
    const { width, scale } = type as { width: number; scale: number } & DuckDBType;
    return { name, type: "fixed", precision: width, scale };
  }
  if (type.typeId === DuckDBTypeId.VARCHAR)
    return { name, type: type.alias === "JSON" ? "variant" : "text", length: 16_777_216 };
  const simple = plain[type.typeId];
  if (simple !== undefined) return { name, type: simple };
  const [timeType, scale] = withScale[type.typeId] ?? [];
  if (timeType !== undefined && scale !== undefined) return { name, type: timeType, precision: 0, scale };
  throw unsupported(`a result column of DuckDB type ${String(type)}`);
}

/** A value as text, in the column's wire form. */
export function toWireValue(value: DuckDBValue, { type }: WireColumn): string | null {
  if (value === null) return null;
  if (type === "boolean") return value === true ? "1" : "0";
  if (type === "binary")
    return Buffer.from((value as { bytes: Uint8Array }).bytes)
      .toString("hex")
      .toUpperCase();
  if (type === "date") return String((value as { days: number }).days);
  if (type === "time") return seconds((value as { micros: bigint }).micros, 6);
  if (type === "timestamp_ltz") return seconds((value as { micros: bigint }).micros, 6);
  if (type === "timestamp_ntz") {
    const { nanos, micros } = value as { nanos?: bigint; micros?: bigint };
    return nanos === undefined ? seconds(micros ?? 0n, 6) : seconds(nanos, 9);
  }
  return String(value);
}

/** `seconds.fraction` with nine digits, downwards also before 1970: −1.5 s is `-1.500000000`. */
function seconds(count: bigint, digits: 6 | 9): string {
  const nanos = digits === 6 ? count * 1000n : count;
  const size = nanos < 0n ? -nanos : nanos;
  return `${nanos < 0n ? "-" : ""}${size / 1_000_000_000n}.${String(size % 1_000_000_000n).padStart(9, "0")}`;
}

interface WireBinding {
  readonly type: string;
  readonly value: string | null | readonly (string | null)[];
}

/** The driver's numbered bindings as values for DuckDB, in order; what it binds as text stays text. */
export function toBindValues(bindings: unknown): DuckDBValue[] {
  return Object.entries((bindings ?? {}) as Record<string, WireBinding>)
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([, { type, value }]) => {
      if (Array.isArray(value)) throw unsupported("array binding");
      if (value === null || typeof value !== "string") return null;
      if (type === "BOOLEAN") return value === "true";
      if (type === "FIXED") return BigInt(value);
      if (type === "REAL") return Number(value);
      if (type === "TEXT") return value;
      throw unsupported(`a binding of type ${type}`);
    });
}
