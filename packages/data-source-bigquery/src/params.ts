import { ValidationError, type Params, type ParamValue } from "@org/data-source-core";
import { isTypedParam } from "@org/data-source-core/adapter";
import { nativeTypeName, paramNativeType, scalarType, type NativeType } from "./native-type.ts";

/** A parameter on its way to the server; without `type` the server is asked for it. */
export interface BoundParam {
  readonly name: string | undefined;
  readonly type: NativeType | undefined;
  readonly value: unknown;
  /** Where it stands in the request, for errors. */
  readonly field: string;
}

/** `queryParameters` of the REST API. */
export interface QueryParameter {
  readonly name?: string;
  readonly parameterType: ParameterType;
  readonly parameterValue: ParameterValue;
}

export interface ParameterType {
  readonly type: string;
  readonly arrayType?: ParameterType;
  readonly structTypes?: readonly { readonly name: string; readonly type: ParameterType }[];
  readonly rangeElementType?: ParameterType;
}

interface ParameterValue {
  readonly value?: string | null;
  readonly arrayValues?: readonly ParameterValue[];
  readonly structValues?: Readonly<Record<string, ParameterValue>>;
  readonly rangeValue?: { readonly start?: ParameterValue; readonly end?: ParameterValue };
}

/** Finds each parameter's type from its value. */
export function bindParams(params: Params): BoundParam[] {
  const entries: (readonly [string | undefined, ParamValue, string])[] = Array.isArray(params)
    ? (params as readonly ParamValue[]).map((value, index) => [undefined, value, `params[${index}]`])
    : Object.entries(params).map(([name, value]) => [name, value, `params.${name}`]);
  return entries.map(([name, given, field]) => {
    if (isTypedParam(given)) return { name, type: paramNativeType(given.type, field), value: given.value, field };
    return { name, type: inferred(given, field), value: given, field };
  });
}

/** What of the parameters decides about a verdict: their names and types. */
export function paramSignature(params: readonly BoundParam[]): string[] {
  return params.map(({ name = "", type }) => `${name} ${type ? nativeTypeName(type) : "?"}`);
}

/** As the REST API takes them. `types` are the server's, for those that have none; else text. */
export function encodeParams(params: readonly BoundParam[], types: readonly ServerType[] = []): QueryParameter[] {
  return params.map(({ name, type, value, field }, index) => {
    const asked = types.find((candidate) => name !== undefined && candidate.name?.toLowerCase() === name.toLowerCase());
    const told = (asked ?? types[index])?.parameterType ?? { type: "STRING" };
    const isElement = Array.isArray(value) && told.arrayType === undefined;
    const askedType = isElement ? { type: "ARRAY", arrayType: told } : told;
    const parameterType = type ? parameterTypeOf(type) : askedType;
    return {
      ...(name === undefined ? {} : { name }),
      parameterType,
      parameterValue: encode(value as ParamValue, parameterType, field),
    };
  });
}

/** A parameter's type as a dry run tells it. */
export interface ServerType {
  readonly name?: string;
  readonly parameterType: ParameterType;
}

function parameterTypeOf({ name, element, fields }: NativeType): ParameterType {
  if (fields) {
    return {
      type: name,
      structTypes: fields.map((field) => ({ name: field.name, type: parameterTypeOf(field.type) })),
    };
  }
  if (!element) return { type: name };
  return name === "RANGE"
    ? { type: name, rangeElementType: parameterTypeOf(element) }
    : { type: name, arrayType: parameterTypeOf(element) };
}

const largestInt64 = 2n ** 63n - 1n;
const largestBignumeric = 10n ** 38n;

function inferred(value: ParamValue, field: string): NativeType | undefined {
  if (value === null) return undefined;
  if (typeof value === "boolean") return scalarType("BOOL");
  if (typeof value === "string") return scalarType("STRING");
  if (typeof value === "number") return scalarType(Number.isSafeInteger(value) ? "INT64" : "FLOAT64");
  if (typeof value === "bigint") {
    if (value <= largestInt64 && value >= -largestInt64 - 1n) return scalarType("INT64");
    if (value < largestBignumeric && value > -largestBignumeric) return scalarType("BIGNUMERIC");
    throw new ValidationError(`${field} has more digits than BIGNUMERIC; bind it as text`, field);
  }
  if (value instanceof Date) return scalarType("TIMESTAMP");
  if (value instanceof Uint8Array) return scalarType("BYTES");
  if (isTypedParam(value)) return paramNativeType(value.type, field);
  if (!Array.isArray(value)) return scalarType("JSON");
  const element = elementType(value as readonly ParamValue[], field);
  return element && { name: "ARRAY", sizes: [], element };
}

function elementType(items: readonly ParamValue[], field: string): NativeType | undefined {
  let found: NativeType | undefined;
  for (const [index, item] of items.entries()) {
    const place = `${field}[${index}]`;
    const type = inferred(item, place);
    if (type?.name === "ARRAY") {
      throw new ValidationError(`${place} is an array in an array, which BigQuery has not`, place);
    }
    found = wider(found, type);
    if (type && found === undefined) {
      throw new ValidationError(`${field} mixes types; expected values of one type, or sql.typed(…)`, field);
    }
  }
  return found;
}

const numeric = ["INT64", "BIGNUMERIC", "FLOAT64"];

function wider(a: NativeType | undefined, b: NativeType | undefined): NativeType | undefined {
  if (!a || !b) return a ?? b;
  if (nativeTypeName(a) === nativeTypeName(b)) return a;
  const [one, other] = [numeric.indexOf(a.name), numeric.indexOf(b.name)];
  if (one === -1 || other === -1) return undefined;
  return one > other ? a : b;
}

function encode(value: ParamValue, type: ParameterType, field: string): ParameterValue {
  if (isTypedParam(value)) return encode(value.value, type, field);
  if (value === null) return { value: null };
  if (type.type === "RANGE") return { rangeValue: rangeBounds(value, field) };
  if (type.arrayType) {
    const element = type.arrayType;
    if (!Array.isArray(value)) throw new ValidationError(`${field} must be an array for its type`, field);
    return {
      arrayValues: (value as readonly ParamValue[]).map((item, index) => encode(item, element, `${field}[${index}]`)),
    };
  }
  if (type.structTypes) {
    const members = value as Readonly<Record<string, ParamValue | undefined>>;
    const structValues: Record<string, ParameterValue> = {};
    for (const { name, type: inner } of type.structTypes) {
      structValues[name] = encode(members[name] ?? null, inner, `${field}.${name}`);
    }
    return { structValues };
  }
  return { value: scalarText(value, type.type, field) };
}

function scalarText(value: ParamValue, type: string, field: string): string {
  if (type === "JSON") return typeof value === "string" ? value : jsonText(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (type === "BYTES") throw new ValidationError(`${field} must be a Uint8Array for BYTES`, field);
  if (value instanceof Date) return dateText(value, type);
  if (typeof value === "object") throw new ValidationError(`${field} cannot be bound as ${type}`, field);
  return String(value);
}

function dateText(value: Date, type: string): string {
  const iso = value.toISOString();
  if (type === "DATE") return iso.slice(0, 10);
  return type === "DATETIME" ? iso.slice(0, -1) : iso;
}

/** `[start, end)`, in which UNBOUNDED or NULL stands for no bound. */
function rangeBounds(value: ParamValue, field: string): { start?: ParameterValue; end?: ParameterValue } {
  const text = typeof value === "string" ? value : "";
  const [, start = "", end = ""] = /^\[\s*([^,]*?)\s*,\s*([^,]*?)\s*\)$/.exec(text) ?? [];
  if (start === "" || end === "") {
    throw new ValidationError(`${field} must be text such as "[2024-01-01, UNBOUNDED)" for its type`, field);
  }
  const bound = (text: string): ParameterValue | undefined =>
    /^(?:unbounded|null)$/i.test(text) ? undefined : { value: text };
  const [first, last] = [bound(start), bound(end)];
  return { ...(first ? { start: first } : {}), ...(last ? { end: last } : {}) };
}

/** JSON in which a bigint keeps its digits. */
function jsonText(value: unknown): string {
  if (typeof value === "bigint") return value.toString();
  if (Array.isArray(value)) return `[${value.map(jsonText).join(",")}]`;
  if (typeof value === "object" && value !== null && !(value instanceof Date)) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${jsonText(member)}`).join(",")}}`;
  }
  return JSON.stringify(value) ?? "null";
}
