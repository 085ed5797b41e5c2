import type { ColumnType, IntegerMode, LogicalType } from "@org/data-source-core";
import { createIntegerParser, parseJson } from "@org/data-source-core/adapter";
import mysql from "mysql2";
import type { DriverField } from "./driver.ts";
import { bitText, geometryBytes, isoTimestamp, paddedTime, shortestFloat } from "./values.ts";

/** From what the driver read to the value of the contract. Never called with null. */
export type Convert = (value: never) => unknown;

export interface MappedColumn extends ColumnType {
  readonly name: string;
  readonly convert: Convert;
}

export type TypeMap = (field: DriverField) => MappedColumn;

const { Types } = mysql;

const flag = { notNull: 1, unsigned: 32, binary: 128, enum: 256, set: 2048 };
const binaryCharset = 63;

const integers = new Map<number, string>([
  [Types.TINY, "tinyint"],
  [Types.SHORT, "smallint"],
  [Types.INT24, "mediumint"],
  [Types.LONG, "int"],
  [Types.LONGLONG, "bigint"],
  [Types.YEAR, "year"],
]);
const texts = new Set([Types.VARCHAR, Types.VAR_STRING, Types.STRING, Types.ENUM, Types.SET]);
const blobs = new Set([Types.TINY_BLOB, Types.MEDIUM_BLOB, Types.LONG_BLOB, Types.BLOB]);

interface Mapped {
  readonly type: LogicalType;
  readonly nativeType: string;
  readonly convert: Convert;
  readonly precision?: number | undefined;
  readonly scale?: number | undefined;
}

/** Types of a result's columns, as the protocol describes them. */
export function createTypeMap(options: { readonly integers: IntegerMode; readonly json: "parsed" | "text" }): TypeMap {
  const parse = createIntegerParser(options.integers);
  const integer = (
    options.integers === "bigint" ? BigInt : (value: number | string) => parse(String(value))
  ) as Convert;
  const json: Convert = options.json === "parsed" ? parseJson : keep;
  return (field) => {
    const mapped = map(field, integer, json);
    return {
      name: field.name,
      precision: undefined,
      scale: undefined,
      nullable: (field.flags & flag.notNull) === 0,
      ...mapped,
    };
  };
}

function map(field: DriverField, integer: Convert, json: Convert): Mapped {
  const { columnType, extendedTypeName, decimals } = field;
  const isUnsigned = (field.flags & flag.unsigned) !== 0;
  const named = (name: string): string => (isUnsigned ? `${name} unsigned` : name);
  const integerName = integers.get(columnType);
  // A fraction of 31 or 39 digits stands for "not fixed".
  const fraction = decimals <= 6 ? decimals : undefined;

  if (field.extendedFormat === "json" || columnType === Types.JSON) {
    return { type: "json", nativeType: "json", convert: json };
  }
  if (integerName !== undefined) {
    return { type: "integer", nativeType: integerName === "year" ? integerName : named(integerName), convert: integer };
  }
  switch (columnType) {
    case Types.DECIMAL:
    case Types.NEWDECIMAL: {
      const precision = field.columnLength - (decimals > 0 ? 1 : 0) - (isUnsigned ? 0 : 1);
      return { type: "decimal", nativeType: named("decimal"), convert: keep, precision, scale: decimals };
    }
    case Types.FLOAT:
      return { type: "float", nativeType: named("float"), convert: shortestFloat };
    case Types.DOUBLE:
      return { type: "float", nativeType: named("double"), convert: keep };
    case Types.DATE:
    case Types.NEWDATE:
      return { type: "date", nativeType: "date", convert: keep };
    case Types.TIME:
      return { type: "time", nativeType: "time", precision: fraction, convert: paddedTime(fraction) };
    case Types.DATETIME:
      return { type: "timestamp", nativeType: "datetime", precision: fraction, convert: isoTimestamp("", fraction) };
    case Types.TIMESTAMP:
      // Every session's time zone is UTC.
      return {
        type: "timestamptz",
        nativeType: "timestamp",
        precision: fraction,
        convert: isoTimestamp("Z", fraction),
      };
    case Types.BIT:
      return {
        type: "bits",
        nativeType: "bit",
        precision: field.columnLength,
        convert: bitText(field.columnLength, (field.flags & flag.binary) !== 0),
      };
    case Types.GEOMETRY:
      return { type: "geometry", nativeType: extendedTypeName ?? "geometry", convert: geometryBytes };
    case Types.VECTOR:
      return { type: "array", nativeType: "vector", convert: keep };
    case Types.NULL:
      return { type: "other", nativeType: "null", convert: keep };
  }
  if (extendedTypeName !== undefined) {
    return { type: extendedTypeName === "uuid" ? "uuid" : "other", nativeType: extendedTypeName, convert: keep };
  }
  return characters(field);
}

function characters({ columnType, characterSet, columnLength, flags }: DriverField): Mapped {
  const isBinary = characterSet === binaryCharset;
  const type = isBinary ? "bytes" : "string";
  const convert: Convert = isBinary ? bytes : keep;
  if ((flags & flag.enum) !== 0) return { type, nativeType: "enum", convert };
  if ((flags & flag.set) !== 0) return { type, nativeType: "set", convert };
  if (blobs.has(columnType)) return { type, nativeType: sizeOf(columnLength) + (isBinary ? "blob" : "text"), convert };
  if (texts.has(columnType)) {
    const fixed = columnType === Types.STRING;
    const nativeType = isBinary ? (fixed ? "binary" : "varbinary") : fixed ? "char" : "varchar";
    return { type, nativeType, convert };
  }
  return { type: "other", nativeType: `type ${columnType}`, convert: keep };
}

/** By the length in bytes; a text's is four times that of its characters. */
function sizeOf(length: number): string {
  if (length <= 1020) return "tiny";
  if (length <= 262_140) return "";
  return length <= 67_108_860 ? "medium" : "long";
}

/**
 * Tells the driver how to read a result, before its first row: a geometry as it came, since parsing it would lose its
 * kind and dimensions; and no names, since it refuses some (`__proto__`) although the rows are arrays.
 */
export function readRaw(fields: readonly DriverField[]): void {
  for (const field of fields) {
    field.name = "";
    if (field.columnType !== Types.GEOMETRY) continue;
    field.columnType = Types.BLOB;
    field.characterSet = binaryCharset;
  }
}

function keep(value: unknown): unknown {
  return value;
}

/** A copy: the driver's is a view of a larger buffer. */
function bytes(value: Uint8Array): Uint8Array {
  return new Uint8Array(value);
}
