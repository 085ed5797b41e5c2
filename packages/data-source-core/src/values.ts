import { DataSourceError } from "./errors.ts";
import type { IntegerMode } from "./logical-types.ts";

/** From an integer's digits to what the data source's `integers` mode says. */
export function createIntegerParser(mode: IntegerMode): (digits: string) => bigint | number | string {
  if (mode === "bigint") return BigInt;
  if (mode === "string") return (digits) => digits;
  return (digits) => {
    const value = Number(digits);
    if (Number.isSafeInteger(value)) return value;
    throw new DataSourceError({
      code: "DATA",
      message: 'An integer is beyond 2^53 and integers is "safe-number"',
      hint: 'Use integers: "bigint" or "string".',
    });
  };
}

/** Only a number of 16 digits or with an exponent can be one that a double does not hold. */
const mayLoseDigits = /\d(?:[\d.]{15}|[eE])/;

/**
 * JSON whose numbers keep their digits: a number where a double holds it exactly as written, else a bigint for an
 * integer and the text for a fraction.
 */
export function parseJson(text: string): unknown {
  if (!mayLoseDigits.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_key, value: unknown, context?: { readonly source?: string }) =>
    typeof value === "number" && context?.source !== undefined ? exactNumber(value, context.source) : value,
  );
}

function exactNumber(value: number, source: string): number | bigint | string {
  if (/^-?\d+$/.test(source)) return Number.isSafeInteger(value) ? value : BigInt(source);
  return digitsOf(String(value)) === digitsOf(source) ? value : source;
}

/** A decimal in one spelling, so that `1.50e1` and `15` compare equal. */
function digitsOf(decimal: string): string {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(decimal) ?? [];
  const digits = (whole + fraction).replace(/^0+/, "");
  const significant = digits.replace(/0+$/, "");
  if (significant === "") return "0";
  const power = Number(exponent) - fraction.length + (digits.length - significant.length);
  return `${sign}${significant}e${power}`;
}

/**
 * A row that JSON.stringify takes, on every engine alike: bigints become strings of digits, bytes base64, and NaN and
 * the infinities their names.
 *
 * @example
 * ```ts
 * import { type DataSource, toJsonRow } from "@org/data-source-core";
 *
 * declare const source: DataSource;
 * const { rows } = await source.query("select 9007199254740993 as id");
 * console.log(JSON.stringify(rows.map(toJsonRow))); // [{"id":"9007199254740993"}]
 * ```
 */
export function toJsonRow(value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64");
  if (Array.isArray(value)) return value.map(toJsonRow);
  if (value instanceof Date) return value.toISOString();
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toJsonRow(item)]));
}
