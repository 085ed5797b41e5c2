import { ConfigurationError, ValidationError } from "./errors.ts";

type Check<T> = (field: string, value: unknown) => T;

/** Hand-written validation whose errors name the field, what was expected and what came. */
export interface Checks {
  /** Refuses options that do not exist, such as misspelt ones, by name. */
  readonly known: (value: object, keys: readonly string[], path?: string) => void;
  readonly object: Check<Record<string, unknown>>;
  readonly boolean: Check<boolean>;
  /** Not empty. */
  readonly string: Check<string>;
  readonly oneOf: <T extends string>(field: string, value: unknown, choices: readonly T[]) => T;
  /** A whole number from 1. */
  readonly count: Check<number>;
  /** `count`, or Infinity. */
  readonly limit: Check<number>;
  /** Milliseconds above 0, or Infinity. */
  readonly durationMs: Check<number>;
  readonly signal: Check<AbortSignal>;
  readonly func: Check<(...args: never[]) => unknown>;
}

/** Checks for the options of a data source. */
export const configurationChecks: Checks = createChecks((message, field) => new ConfigurationError(message, field));
/** Checks for the options of a call. */
export const validationChecks: Checks = createChecks((message, field) => new ValidationError(message, field));

function createChecks(failure: (message: string, field: string) => Error): Checks {
  const refuse = (field: string, value: unknown, expected: string): never => {
    throw failure(`${field} must be ${expected}; got ${describe(value)}`, field);
  };
  const check =
    <T>(accepts: (value: unknown) => boolean, expected: string): Check<T> =>
    (field, value) =>
      accepts(value) ? (value as T) : refuse(field, value, expected);
  const isObject = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value);
  const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 1;
  return {
    known: (value, keys, path = "") => {
      for (const key of Object.keys(value)) {
        if (keys.includes(key)) continue;
        const field = path + key;
        const meant = keys.find((known) => known.toLowerCase() === key.toLowerCase());
        const advice = meant === undefined ? `known: ${keys.join(", ")}` : `did you mean ${meant}?`;
        throw failure(`${field} is not an option; ${advice}`, field);
      }
    },
    object: check(isObject, "an object"),
    boolean: check((value) => typeof value === "boolean", "true or false"),
    string: check((value) => typeof value === "string" && value !== "", "a non-empty string"),
    oneOf: (field, value, choices) =>
      choices.find((choice) => choice === value) ??
      refuse(field, value, choices.map((choice) => `"${choice}"`).join(" or ") || "left out: this engine has none"),
    count: check(isCount, "a whole number from 1"),
    limit: check((value) => isCount(value) || value === Infinity, "a whole number from 1, or Infinity for none"),
    durationMs: check(
      (value) => typeof value === "number" && value > 0,
      "a number of milliseconds above 0, or Infinity for none",
    ),
    signal: check((value) => value instanceof AbortSignal, "an AbortSignal"),
    func: check((value) => typeof value === "function", "a function"),
  };
}

/** What came, without a string's content: it may be a secret in the wrong place. */
function describe(value: unknown): string {
  if (typeof value === "string") return value === "" ? "an empty string" : "a string";
  if (typeof value === "number" || typeof value === "boolean" || value == null) return String(value);
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
