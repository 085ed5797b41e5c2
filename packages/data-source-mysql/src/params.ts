import { type ParamValue, ValidationError } from "@org/data-source-core";
import { isTypedParam } from "@org/data-source-core/adapter";
import mysql from "mysql2";

const wire = mysql.TypedParameter;

type Encode = (value: Exclude<ParamValue, null>, field: string) => unknown;

/** Values for the driver, each with the wire type that loses nothing. */
export function bindParams(params: readonly ParamValue[]): unknown[] {
  return params.map((param, index) => {
    const field = `params[${index}]`;
    if (isTypedParam(param)) return encodeTyped(param.value, param.type, field);
    return param === null ? null : encode(param, field);
  });
}

/**
 * Their wire types. MySQL fits what is bound later to the types of a statement's first values: a text would become the
 * number 0. Nulls and bytes go with text.
 */
export function typesOf(values: readonly unknown[]): string {
  return values
    .map((value) => {
      if (typeof value !== "object" || value === null || Buffer.isBuffer(value)) return "text";
      const { type, unsigned } = value as { readonly type: number; readonly unsigned?: boolean };
      return `${type}${unsigned === true ? "u" : ""}`;
    })
    .join();
}

const largestSigned = 2n ** 63n - 1n;
const smallestSigned = -(2n ** 63n);
const largestUnsigned = 2n ** 64n - 1n;

const encode: Encode = (value, field) => {
  if (typeof value === "string") return value;
  if (typeof value === "bigint") return integer(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new ValidationError(`${field} is ${value}, which MySQL has not`, field);
    return Number.isSafeInteger(value) ? integer(BigInt(value)) : wire.DOUBLE(value);
  }
  if (typeof value === "boolean") return wire.TINY(value ? 1 : 0);
  if (value instanceof Date) return moment(value.toISOString(), field);
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return json(value, field);
};

function integer(value: bigint): unknown {
  if (value >= smallestSigned && value <= largestSigned) return wire.LONGLONG(value);
  return value >= 0n && value <= largestUnsigned ? wire.LONGLONG.unsigned(value) : wire.NEWDECIMAL(String(value));
}

const plain = (value: Exclude<ParamValue, null>, field: string, expected: string): string => {
  if (typeof value !== "object") return String(value);
  throw new ValidationError(`${field} must be ${expected}`, field);
};
const text: Encode = (value, field) => wire.VAR_STRING(plain(value, field, "text"));
const decimal: Encode = (value, field) => {
  const digits = plain(value, field, "the digits of a decimal");
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(digits)) return wire.NEWDECIMAL(digits);
  throw new ValidationError(`${field} must be the digits of a decimal, such as "12.50"`, field);
};
const json: Encode = (value, field) => {
  // The driver sends it as text to MariaDB, which has no such parameter type.
  try {
    return wire.JSON(typeof value === "string" ? value : JSON.stringify(value, exactBigint));
  } catch (cause) {
    throw new ValidationError(`${field} cannot be written as JSON`, field, { cause });
  }
};
const bytes: Encode = (value, field) => {
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  throw new ValidationError(`${field} must be a Uint8Array`, field);
};
const whole: Encode = (value, field) => {
  try {
    return integer(BigInt(value as string));
  } catch {
    throw new ValidationError(`${field} must be a whole number`, field);
  }
};
const float: Encode = (value, field) => {
  const number = Number(plain(value, field, "a number"));
  if (Number.isFinite(number)) return wire.DOUBLE(number);
  throw new ValidationError(`${field} must be a finite number`, field);
};
const boolean: Encode = (value, field) => {
  if (typeof value === "boolean") return wire.TINY(value ? 1 : 0);
  throw new ValidationError(`${field} must be true or false`, field);
};
const bits: Encode = (value, field) => {
  if (typeof value === "string" && /^[01]{1,64}$/.test(value)) return wire.LONGLONG.unsigned(BigInt(`0b${value}`));
  throw new ValidationError(`${field} must be text of 1 to 64 digits 0 and 1`, field);
};
const timestamp: Encode = (value, field) =>
  moment(value instanceof Date ? value.toISOString() : plain(value, field, "a date and time"), field);

const moments = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(\.\d{1,6})?\d*(Z|[+-]\d\d:\d\d)?$/;

/** In UTC as the session is, without the offset that older servers do not know; all digits stay. */
function moment(value: string, field: string): unknown {
  const [, date, time, fraction = "", offset = "Z"] = moments.exec(value) ?? [];
  if (date === undefined || time === undefined) {
    throw new ValidationError(`${field} must be a date and time such as 2024-01-31T12:30:00.123456Z`, field);
  }
  if (offset === "Z") return wire.VAR_STRING(`${date} ${time}${fraction}`);
  const shifted = new Date(`${date}T${time}${offset}`);
  if (Number.isNaN(shifted.getTime())) throw new ValidationError(`${field} is no date and time`, field);
  return wire.VAR_STRING(`${shifted.toISOString().slice(0, 19).replace("T", " ")}${fraction}`);
}

function exactBigint(_key: string, item: unknown): unknown {
  return typeof item === "bigint"
    ? (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(String(item))
    : item;
}

/** By logical type, then by MySQL's own names. */
const encoders: Readonly<Record<string, Encode>> = {
  boolean,
  integer: whole,
  float,
  decimal,
  string: text,
  bytes,
  date: text,
  time: text,
  timestamp,
  timestamptz: timestamp,
  json,
  uuid: text,
  bits,
  tinyint: whole,
  smallint: whole,
  mediumint: whole,
  int: whole,
  bigint: whole,
  year: whole,
  "tinyint unsigned": whole,
  "smallint unsigned": whole,
  "mediumint unsigned": whole,
  "int unsigned": whole,
  "bigint unsigned": whole,
  numeric: decimal,
  double: float,
  datetime: timestamp,
  bit: bits,
  char: text,
  varchar: text,
  tinytext: text,
  text,
  mediumtext: text,
  longtext: text,
  enum: text,
  set: text,
  binary: bytes,
  varbinary: bytes,
  tinyblob: bytes,
  blob: bytes,
  mediumblob: bytes,
  longblob: bytes,
};
const nulls = new Map<Encode, unknown>([
  [whole, wire.LONGLONG(null)],
  [decimal, wire.NEWDECIMAL(null)],
  [float, wire.DOUBLE(null)],
  [boolean, wire.TINY(null)],
  [bits, wire.LONGLONG(null)],
]);

function encodeTyped(value: ParamValue, type: string, field: string): unknown {
  const encoder = Object.hasOwn(encoders, type) ? encoders[type] : undefined;
  if (!encoder) {
    throw new ValidationError(`${field}: MySQL binds no "${type}"; known: ${Object.keys(encoders).join(", ")}`, field);
  }
  const inner = isTypedParam(value) ? value.value : value;
  return inner === null ? (nulls.get(encoder) ?? null) : encoder(inner, field);
}
