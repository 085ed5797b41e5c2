import { ValidationError } from "./errors.ts";

export function checkNonNegative(field: string, value: unknown): void {
  if (typeof value !== "number" || !Number.isFinite(value) || value < 0)
    throw new ValidationError(field, "expected milliseconds, 0 or more");
}

export function checkMs(field: string, value: unknown): void {
  if (typeof value !== "number" || !Number.isFinite(value) || value <= 0)
    throw new ValidationError(field, "expected milliseconds, more than 0");
}

export function checkBoolean(field: string, value: unknown): void {
  if (value !== undefined && typeof value !== "boolean") throw new ValidationError(field, "expected true or false");
}

export function checkFunction(field: string, value: unknown): void {
  if (value !== undefined && typeof value !== "function") throw new ValidationError(field, "expected a function");
}

export function checkOneOf(field: string, value: unknown, allowed: readonly string[]): void {
  if (typeof value !== "string" || !allowed.includes(value))
    throw new ValidationError(field, `expected one of ${allowed.join(", ")}`);
}
