/** What the driver read for one type, as the contract's value. */

/** The shortest decimal that is the same 4-byte float: 3.14, not 3.140000104904175. */
export function shortestFloat(value: number): number {
  if (Number.isInteger(value)) return value;
  for (let digits = 6; digits < 9; digits += 1) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === value) return candidate;
  }
  return value;
}

/** Zero dates and those without a month or day are none of ISO 8601: they stay the server's own text. */
const civil = /^\d{4}-(?!00)\d\d-(?!00)\d\d /;

/** The driver leaves a fraction of zeros out; the server's own text has it. */
export function isoTimestamp(suffix: "" | "Z", fraction: number | undefined): (text: string) => string {
  return (text) => {
    const padded = pad(text, fraction);
    return civil.test(text) ? `${padded.slice(0, 10)}T${padded.slice(11)}${suffix}` : padded;
  };
}

export function paddedTime(fraction: number | undefined): (text: string) => string {
  return (text) => pad(text, fraction);
}

function pad(text: string, fraction: number | undefined): string {
  if (!fraction) return text;
  const point = text.indexOf(".");
  return point === -1 ? `${text}.${"0".repeat(fraction)}` : text.padEnd(point + 1 + fraction, "0");
}

/** MariaDB sends the bits of a column as bytes, and those of an expression (`max(flags)`) as the digits of a number. */
export function bitText(length: number, isExpression: boolean): (value: Uint8Array) => string {
  return (value) => {
    const digits = isExpression ? Buffer.from(value).toString("latin1") : "";
    if (/^\d+$/.test(digits)) return BigInt(digits).toString(2).padStart(length, "0");
    let text = "";
    for (const byte of value) text += byte.toString(2).padStart(8, "0");
    return text.slice(-length).padStart(length, "0");
  };
}

const sridFlag = 0x20;

/**
 * The server's own form is four bytes of SRID, then WKB, all little-endian. As EWKB (PostGIS's) it loses nothing: there
 * an SRID other than 0 follows the type, whose highest byte says so.
 */
export function geometryBytes(value: Uint8Array): Uint8Array {
  const [srid, wkb] = [value.subarray(0, 4), value.subarray(4)];
  if (srid.every((byte) => byte === 0)) return new Uint8Array(wkb);
  const bytes = new Uint8Array(value.length);
  bytes.set(wkb.subarray(0, 5));
  bytes[4] = (bytes[4] ?? 0) | sridFlag;
  bytes.set(srid, 5);
  bytes.set(wkb.subarray(5), 9);
  return bytes;
}
