import { ValidationError } from "./errors.ts";
import type { ParamValue, Params, Request, SqlRequest } from "./request.ts";
import { compileSql, isSqlFragment, isTypedParam, type SqlDialect } from "./sql.ts";

/** A request as an adapter runs it. */
export interface ResolvedRequest {
  readonly text: string;
  /** Never undefined; empty when there are none. */
  readonly params: Params;
  readonly rowMode: "object" | "array";
}

const none: readonly ParamValue[] = [];
const names = new Set(["text", "params", "rowMode"]);

/** Any request in one form, in the engine's syntax; what cannot be bound is a ValidationError that names it. */
export function resolveRequest(
  request: Request,
  engine: SqlDialect & { readonly namedParams: boolean },
): ResolvedRequest {
  const { text, params = none, rowMode = "object" } = toSqlRequest(request, engine);
  if (typeof text !== "string" || text.trim() === "") throw new ValidationError("text must hold a statement", "text");
  // A driver that ends the text there would run another statement than was checked.
  if (text.includes("\0")) throw new ValidationError("text must not contain NUL characters", "text");
  if (rowMode !== "object" && rowMode !== "array") {
    throw new ValidationError('rowMode must be "object" or "array"', "rowMode");
  }
  if (Array.isArray(params)) {
    for (const [index, value] of (params as readonly unknown[]).entries()) checkParam(`params[${index}]`, value);
  } else {
    if (typeof params !== "object" || params === null) {
      throw new ValidationError("params must be an array, or an object of named values", "params");
    }
    if (!engine.namedParams) throw new ValidationError("params must be an array: this engine has no names", "params");
    for (const [name, value] of Object.entries(params)) checkParam(`params.${name}`, value);
  }
  return { text, params, rowMode };
}

function toSqlRequest(request: Request, engine: SqlDialect): SqlRequest {
  if (typeof request === "string") return { text: request };
  if (isSqlFragment(request)) return compileSql(request, engine);
  if (typeof request !== "object" || request === null) {
    throw new ValidationError("request must be SQL text, {text, params, rowMode} or an sql`…` fragment", "request");
  }
  for (const key of Object.keys(request)) {
    if (!names.has(key)) throw new ValidationError(`${key} is not part of a request: text, params, rowMode`, key);
  }
  return request;
}

function checkParam(field: string, value: unknown): void {
  if (value === null || typeof value === "string" || typeof value === "boolean" || typeof value === "bigint") return;
  if (typeof value === "number") return;
  if (value === undefined) throw new ValidationError(`${field} is undefined; use null for SQL NULL`, field);
  if (typeof value !== "object")
    throw new ValidationError(`${field} is a ${typeof value}, which cannot be bound`, field);
  if (value instanceof Date && Number.isNaN(value.getTime())) {
    throw new ValidationError(`${field} is an invalid Date`, field);
  }
  if (isSqlFragment(value)) throw new ValidationError(`${field} is an sql fragment: compose it with sql\`…\``, field);
  if (isTypedParam(value)) checkParam(field, value.value);
  else if (Array.isArray(value)) for (const [i, item] of value.entries()) checkParam(`${field}[${i}]`, item);
}
