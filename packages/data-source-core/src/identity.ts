import { createHmac, randomBytes } from "node:crypto";

/** New in each process: a key says nothing outside of it, and nothing about the secrets inside. */
const processKey = randomBytes(32);
const references = new WeakMap<object, number>();
let lastReference = 0;

/**
 * A key for pools and shared providers, from the whole identity, secrets included: equal exactly when every field is.
 * Functions and class instances (factories, clients) count by reference.
 */
export function poolKey(identity: Readonly<Record<string, unknown>>): string {
  return createHmac("sha256", processKey).update(canonical(identity)).digest("base64url");
}

/**
 * Who a source acts as, for cache keys: `kind` and the principal's fields (user, role, database, warehouse, session
 * settings) in one spelling. Never pass a secret, nor a hash of one.
 */
export function principalKey(
  kind: string,
  principal: Readonly<Record<string, string | number | boolean | undefined>>,
): string {
  return canonical({ kind, principal });
}

function canonical(value: unknown): string {
  if (value instanceof Uint8Array) return `bytes:${Buffer.from(value).toString("base64")}`;
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value === "function" || (typeof value === "object" && value !== null && !isPlain(value))) {
    return `ref:${referenceOf(value)}`;
  }
  if (typeof value === "object" && value !== null) {
    const fields = Object.entries(value).filter(([, field]) => field !== undefined);
    fields.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`).join(",")}}`;
  }
  // The type keeps 1, "1", 1n and true apart.
  return `${typeof value}:${typeof value === "string" ? JSON.stringify(value) : String(value)}`;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function referenceOf(value: object): number {
  const known = references.get(value);
  if (known !== undefined) return known;
  lastReference += 1;
  references.set(value, lastReference);
  return lastReference;
}
