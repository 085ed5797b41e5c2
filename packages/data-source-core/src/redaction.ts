import { inspect } from "node:util";

const mask = "[redacted]";

/** Removes known secrets from text: driver messages, hints, hosts. */
export interface Redactor {
  (text: string): string;
  /** Adds a secret learned later, such as a refreshed token; the newest 16 of these are kept. */
  add(secret: string): void;
}

/** For the secrets themselves and their URL-encoded and base64 forms. */
export function createRedactor(secrets: readonly (string | undefined)[]): Redactor {
  const fixed = secrets.flatMap(formsOf);
  const learned: string[][] = [];
  const redact = (text: string): string => {
    let result = text;
    for (const form of fixed) result = result.replaceAll(form, mask);
    for (const forms of learned) for (const form of forms) result = result.replaceAll(form, mask);
    return result;
  };
  return Object.assign(redact, {
    add: (secret: string): void => {
      learned.unshift(formsOf(secret));
      learned.length = Math.min(learned.length, 16);
    },
  });
}

/** A secret shorter than this would blank out ordinary words. */
const shortestSecret = 4;

function formsOf(secret: string | undefined): string[] {
  if (secret === undefined || secret.length < shortestSecret) return [];
  const base64 = Buffer.from(secret).toString("base64");
  const forms = [secret, encodeURIComponent(secret.toWellFormed()), base64, base64.replace(/=+$/, "")];
  return [...new Set(forms)].sort((a, b) => b.length - a.length);
}

/**
 * Makes a driver's error safe to be a `cause`. It stays the same object, but of its own properties all except `keep`
 * (so SQL, values, `toJSON`) no longer appear in inspect, loggers or JSON, and secrets are gone from its message, stack
 * and texts; likewise its causes and `errors`. Objects (requests with headers, configurations) are gone altogether, since
 * some loggers show what is not enumerable too. A frozen error is replaced by a plain one.
 */
export function safeCause(
  error: unknown,
  redact: Redactor,
  keep: readonly string[] = ["code", "errno", "sqlState"],
): unknown {
  return sanitize(error, redact, new Set(keep), new Set());
}

function sanitize(error: unknown, redact: Redactor, keep: ReadonlySet<string>, seen: Set<unknown>): unknown {
  if (typeof error === "string") return redact(error);
  if (typeof error !== "object" || error === null || seen.has(error)) return error;
  seen.add(error);
  if (!Object.isExtensible(error)) return new Error(redact(error instanceof Error ? error.message : "frozen"));
  for (const key of Reflect.ownKeys(error)) {
    const value: unknown = Reflect.get(error, key);
    if (key === "cause") hide(error, key, sanitize(value, redact, keep, seen));
    else if (key === "errors" && Array.isArray(value)) {
      hide(
        error,
        key,
        value.map((item: unknown) => sanitize(item, redact, keep, seen)),
      );
    } else if (key === "message" || key === "stack") hide(error, key, redact(String(value)));
    else if (typeof value === "object" || typeof value === "function") hide(error, key, undefined);
    else if (typeof key === "symbol" || !keep.has(key))
      hide(error, key, typeof value === "string" ? redact(value) : value);
    else if (typeof value === "string") Reflect.set(error, key, redact(value));
  }
  // A driver's own toJSON or inspect, which may stand on its prototype, would show what is hidden above.
  hide(error, "toJSON", undefined);
  hide(error, inspect.custom, undefined);
  return error;
}

function hide(target: object, key: PropertyKey, value: unknown): void {
  Reflect.defineProperty(target, key, { value, enumerable: false, writable: true, configurable: true });
}
