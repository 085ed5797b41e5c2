import { type Params, type ParamType, type ParamValue, toJsonRow, ValidationError } from "@org/data-source-core";
import { isTypedParam, type SqlDialect } from "@org/data-source-core/adapter";
import type { Binds } from "./driver.ts";

/** What a logical type is in SQL; `?` stands for the placeholder. */
const casts: Readonly<Record<string, string>> = {
  boolean: "?::BOOLEAN",
  integer: "?::NUMBER(38, 0)",
  float: "?::FLOAT",
  string: "?::VARCHAR",
  uuid: "?::VARCHAR",
  bytes: "TO_BINARY(?, 'HEX')",
  date: "?::DATE",
  time: "?::TIME",
  timestamp: "?::TIMESTAMP_NTZ",
  timestamptz: "?::TIMESTAMP_TZ",
  json: "PARSE_JSON(?)",
  struct: "PARSE_JSON(?)::OBJECT",
  array: "PARSE_JSON(?)::ARRAY",
  geometry: "TO_GEOGRAPHY(?)",
};

const nativeName = /^[A-Za-z][A-Za-z_ ]*(?:\(\d+(?: *, *\d+)?\))?$/;

/**
 * Placeholders are `?`. The driver binds everything but small numbers and booleans as text, so that in an `sql` fragment,
 * whose text is ours, a value that is not text carries its cast.
 */
export const dialect: SqlDialect & { readonly namedParams: boolean } = {
  placeholder: (_position, value) => castOf(value),
  quoteIdentifier: (name) => `"${name.replaceAll('"', '""')}"`,
  namedParams: false,
};

function castOf(value: ParamValue): string {
  if (isTypedParam(value)) return castTo(value.type, value.value);
  if (typeof value === "bigint") return casts["integer"] as string;
  if (value instanceof Uint8Array) return casts["bytes"] as string;
  if (value instanceof Date) return casts["timestamptz"] as string;
  if (Array.isArray(value)) return casts["array"] as string;
  return typeof value === "object" && value !== null ? (casts["json"] as string) : "?";
}

function castTo(type: ParamType, value: ParamValue): string {
  if (type === "decimal") {
    const scale = /\.(\d*)$/.exec(typeof value === "string" ? value : "")?.[1]?.length ?? 0;
    return `?::NUMBER(38, ${scale})`;
  }
  if (type.endsWith("[]")) return casts["array"] as string;
  const cast = casts[type];
  if (cast !== undefined) return cast;
  if (nativeName.test(type)) return `?::${type}`;
  throw new ValidationError(`sql.typed: ${JSON.stringify(type)} is no type name of Snowflake`, "type");
}

/** Values as the driver binds them: never an array at the top, which it would take for rows of a bulk insert. */
export function toBinds(params: Params): Binds | undefined {
  const values = params as readonly ParamValue[];
  return values.length === 0 ? undefined : (values.map(toBind) as Binds);
}

function toBind(value: ParamValue): string | number | boolean | null {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (isTypedParam(value)) return toBind(value.value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number") return numberBind(value);
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex");
  return JSON.stringify(toJsonParam(value));
}

/** The driver would send NaN and the infinities as NULL, and large integers with an exponent. */
function numberBind(value: number): string | number {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "inf" : "-inf";
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? BigInt(value).toString() : value;
}

/** In Node since version 21, not yet in the types. */
const { rawJSON: rawJson } = JSON as unknown as { rawJSON(text: string): unknown };

/** JSON keeps a bigint's digits as a number; what else it lacks becomes text, as in `toJsonRow`. */
function toJsonParam(value: unknown): unknown {
  if (typeof value === "bigint") return rawJson(value.toString());
  if (isTypedParam(value)) return toJsonParam(value.value);
  if (Array.isArray(value)) return value.map(toJsonParam);
  if (typeof value !== "object" || value === null || value instanceof Date || value instanceof Uint8Array)
    return toJsonRow(value);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toJsonParam(item)]));
}
