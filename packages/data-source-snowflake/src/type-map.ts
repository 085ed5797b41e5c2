import type { IntegerMode, LogicalType } from "@org/data-source-core";
import { createIntegerParser, parseJson } from "@org/data-source-core/adapter";

/** A column's type in the contract's terms. */
export interface MappedType {
  readonly type: LogicalType;
  readonly nativeType: string;
  readonly precision: number | undefined;
  readonly scale: number | undefined;
  /** From the server's text. */
  readonly convert: (text: string) => unknown;
}

/** By the wire's name of a type, its precision and scale. */
export type TypeMap = (wireType: string, precision: number | null, scale: number | null) => MappedType;

const dayMs = 86_400_000;

export function createTypeMap(options: { readonly integers: IntegerMode; readonly json: "parsed" | "text" }): TypeMap {
  const integer = createIntegerParser(options.integers);
  const json = options.json === "parsed" ? parseVariant : keep;
  const simple: Readonly<Record<string, readonly [LogicalType, string, (text: string) => unknown]>> = {
    real: ["float", "FLOAT", float],
    text: ["string", "VARCHAR", keep],
    boolean: ["boolean", "BOOLEAN", (text) => text === "1" || text.toLowerCase() === "true"],
    binary: ["bytes", "BINARY", (text) => Uint8Array.from(Buffer.from(text, "hex"))],
    date: ["date", "DATE", (text) => isoDate(Number(text) * dayMs)],
    variant: ["json", "VARIANT", json],
    object: ["json", "OBJECT", json],
    array: ["json", "ARRAY", json],
    map: ["json", "MAP", json],
  };
  const timed: Readonly<Record<string, readonly [LogicalType, string, (text: string) => unknown]>> = {
    time: ["time", "TIME", (text) => isoTimestamp(text).slice(11)],
    timestamp_ntz: ["timestamp", "TIMESTAMP_NTZ", (text) => isoTimestamp(text)],
    timestamp_ltz: ["timestamptz", "TIMESTAMP_LTZ", (text) => `${isoTimestamp(text)}Z`],
    timestamp_tz: ["timestamptz", "TIMESTAMP_TZ", zonedTimestamp],
  };
  return (wireType, precision, scale) => {
    const name = wireType.toLowerCase();
    if (name === "fixed") {
      const isInteger = (scale ?? 0) === 0;
      return {
        type: isInteger ? "integer" : "decimal",
        nativeType: `NUMBER(${precision ?? 38},${scale ?? 0})`,
        precision: precision ?? undefined,
        scale: scale ?? 0,
        convert: isInteger ? integer : keep,
      };
    }
    const withTime = timed[name];
    if (withTime) {
      const [type, native, convert] = withTime;
      const digits = scale ?? undefined;
      return { type, nativeType: `${native}(${digits ?? 9})`, precision: digits, scale: undefined, convert };
    }
    const [type, nativeType, convert] = simple[name] ?? ["other", wireType.toUpperCase(), keep];
    return { type, nativeType, precision: undefined, scale: undefined, convert };
  };
}

function keep(text: string): string {
  return text;
}

function float(text: string): number {
  if (/^-?inf/i.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  return Number(text);
}

/** A VARIANT may hold XML, or `undefined` inside of an array: what is not JSON stays the text that it is. */
function parseVariant(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return text;
  }
}

/** `seconds.fraction` since 1970, the fraction with as many digits as the column has; negative before 1970. */
function isoTimestamp(text: string, offsetMinutes = 0): string {
  const [whole = "0", fraction = ""] = text.replace("-", "").split(".");
  const isNegative = text.startsWith("-");
  const hasFraction = /[1-9]/.test(fraction);
  const seconds = isNegative ? -Number(whole) - (hasFraction ? 1 : 0) : Number(whole);
  const size = 10n ** BigInt(fraction.length);
  const digits = isNegative && hasFraction ? String(size - BigInt(fraction)).padStart(fraction.length, "0") : fraction;
  const moment = new Date((seconds + offsetMinutes * 60) * 1000).toISOString();
  return moment.slice(0, moment.lastIndexOf(".")) + (digits === "" ? "" : `.${digits}`);
}

/** Followed by the offset in minutes plus 1440. */
function zonedTimestamp(text: string): string {
  const [moment = "0", zone = "1440"] = text.split(" ");
  const offset = Number(zone) - 1440;
  if (offset === 0) return `${isoTimestamp(moment)}Z`;
  const size = Math.abs(offset);
  const pad = (part: number): string => String(part).padStart(2, "0");
  return `${isoTimestamp(moment, offset)}${offset < 0 ? "-" : "+"}${pad(Math.floor(size / 60))}:${pad(size % 60)}`;
}

function isoDate(ms: number): string {
  const moment = new Date(ms).toISOString();
  return moment.slice(0, moment.indexOf("T"));
}
