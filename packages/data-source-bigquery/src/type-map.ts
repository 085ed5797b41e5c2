import type { Column, ColumnType, IntegerMode, LogicalType } from "@org/data-source-core";
import { createIntegerParser, createRowShaper, parseJson, withKeys, type RawRow } from "@org/data-source-core/adapter";
import { nativeTypeName, scalarType, type NativeType } from "./native-type.ts";
import type { RestRow } from "./row-page.ts";
import { timestampOf } from "./timestamp.ts";

/** A column as the REST API describes it. */
export interface TableField {
  readonly name: string;
  readonly type: string;
  readonly mode?: string;
  readonly precision?: string;
  readonly scale?: string;
  readonly maxLength?: string;
  readonly fields?: readonly TableField[];
  readonly rangeElementType?: { readonly type: string };
}

export interface ValueOptions {
  readonly integers: IntegerMode;
  readonly json: "parsed" | "text";
}

const logicalTypes: Readonly<Record<string, LogicalType>> = {
  ARRAY: "array",
  BIGNUMERIC: "decimal",
  BOOL: "boolean",
  BYTES: "bytes",
  DATE: "date",
  DATETIME: "timestamp",
  FLOAT64: "float",
  GEOGRAPHY: "geometry",
  INT64: "integer",
  INTERVAL: "interval",
  JSON: "json",
  NUMERIC: "decimal",
  RANGE: "range",
  STRING: "string",
  STRUCT: "struct",
  TIME: "time",
  TIMESTAMP: "timestamptz",
};

/** Digits in all and behind the point of the decimals that state none. */
const unsized: Readonly<Record<string, readonly [number, number]>> = { NUMERIC: [38, 9], BIGNUMERIC: [76, 38] };

function nativeTypeOf(field: TableField): NativeType {
  const { name, sizes: _none } = scalarType(field.type);
  const sizes = [field.maxLength, field.precision, field.scale].filter((size) => size !== undefined).map(Number);
  const single: NativeType = {
    name,
    sizes,
    ...(field.fields ? { fields: field.fields.map((inner) => ({ name: inner.name, type: nativeTypeOf(inner) })) } : {}),
    ...(field.rangeElementType ? { element: scalarType(field.rangeElementType.type) } : {}),
  };
  return field.mode === "REPEATED" ? { name: "ARRAY", sizes: [], element: single } : single;
}

/** What a type is in the contract's words. */
export function columnTypeOf(type: NativeType, nullable?: boolean): ColumnType {
  const [precision, scale] = type.sizes.length > 0 ? decimalSizes(type) : (unsized[type.name] ?? []);
  return {
    type: logicalTypes[type.name] ?? "other",
    nativeType: nativeTypeName(type),
    precision,
    scale,
    nullable,
    ...(type.name === "ARRAY" && type.element ? { element: columnTypeOf(type.element) } : {}),
    ...(type.fields
      ? { fields: withKeys(type.fields.map((field) => ({ name: field.name, ...columnTypeOf(field.type) }))) }
      : {}),
  };
}

function decimalSizes({ name, sizes }: NativeType): readonly [number | undefined, number | undefined] {
  return name in unsized ? [sizes[0], sizes[1] ?? 0] : [undefined, undefined];
}

export function columnsOf(fields: readonly TableField[]): Column[] {
  return withKeys(
    // A result's NULLABLE says nothing: any column that is not a table's REQUIRED one has it.
    fields.map((field) => ({
      name: field.name,
      ...columnTypeOf(nativeTypeOf(field), field.mode === "REQUIRED" ? false : undefined),
    })),
  );
}

/** Turns a REST row into values that lose nothing, in place: the row is its own. */
export function createRowReader(fields: readonly TableField[], options: ValueOptions): (row: RestRow) => RawRow {
  const readers = fields.map((field) => createReader(nativeTypeOf(field), options));
  return (row) => {
    for (let index = 0; index < readers.length; index += 1) row[index] = (readers[index] as Reader)(row[index]);
    return row;
  };
}

type Reader = (value: unknown) => unknown;

function createReader(type: NativeType, options: ValueOptions): Reader {
  const read = notNullReader(type, options);
  return (value) => (value === null || value === undefined ? null : read(value));
}

function notNullReader(type: NativeType, options: ValueOptions): Reader {
  if (type.name === "ARRAY" && type.element) {
    const element = createReader(type.element, options);
    return (value) => (value as readonly unknown[]).map(element);
  }
  if (type.fields) {
    const readers = type.fields.map((field) => createReader(field.type, options));
    const shape = createRowShaper(columnTypeOf(type).fields ?? [], "object");
    return (value) => shape((value as RestRow).map((member, index) => (readers[index] as Reader)(member)));
  }
  return scalarReader(type, options) as Reader;
}

function scalarReader({ name, element }: NativeType, { integers, json }: ValueOptions): (text: string) => unknown {
  switch (name) {
    case "INT64":
      return createIntegerParser(integers);
    case "FLOAT64":
      return Number;
    case "BOOL":
      return (text) => text === "true";
    case "BYTES":
      return (text) => new Uint8Array(Buffer.from(text, "base64"));
    case "TIMESTAMP":
      return timestampOf;
    case "JSON":
      return json === "text" ? (text) => text : parseJson;
    case "RANGE":
      return element?.name === "TIMESTAMP" ? (text) => text.replace(/-?\d+(?=[,)])/g, timestampOf) : (text) => text;
    default:
      return (text) => text;
  }
}
