/**
 * JSON text that keeps what JSON cannot: bigints, bytes, NaN and the infinities, and undefined. A tag is an object with
 * one key that begins with "$"; a value that looks like a tag is itself tagged. Throws for what is not plain data.
 */
export function encodeTagged(value: unknown): string {
  return JSON.stringify(toTagged(value));
}

/** Each call makes new objects: callers may change theirs. */
export function decodeTagged(text: string): unknown {
  return fromTagged(JSON.parse(text));
}

function toTagged(value: unknown): unknown {
  if (value === undefined) return { $undefined: true };
  if (typeof value === "bigint") return { $bigint: value.toString() };
  if (typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0)))
    return { $number: Object.is(value, -0) ? "-0" : String(value) };
  if (typeof value === "function" || typeof value === "symbol") throw cannotEncode();
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array)
    return { $bytes: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64") };
  if (value instanceof Date) return { $date: value.getTime() };
  if (Array.isArray(value)) return value.map(toTagged);
  // Its fields may not be all that it is.
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw cannotEncode();
  const entries = Object.entries(value).map(([key, item]) => [key, toTagged(item)] as const);
  const mayMislead = entries.some(([key]) => key.startsWith("$") || key === "__proto__");
  return mayMislead ? { $entries: entries } : Object.fromEntries(entries);
}

const cannotEncode = (): TypeError => new TypeError("Only plain data can be encoded");

function fromTagged(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(fromTagged);
  const entries = Object.entries(value as Record<string, unknown>);
  const [key, content] = entries[0] ?? [];
  switch (key) {
    case "$undefined":
      return undefined;
    case "$bigint":
      return BigInt(content as string);
    case "$number":
      return Number(content);
    case "$bytes":
      return Buffer.from(content as string, "base64");
    case "$date":
      return new Date(content as number);
    case "$entries":
      return fromEntries(content as [string, unknown][]);
    case undefined:
    default:
      return fromEntries(entries);
  }
}

const fromEntries = (entries: readonly (readonly [string, unknown])[]): Record<string, unknown> =>
  Object.fromEntries(entries.map(([key, item]) => [key, fromTagged(item)]));
