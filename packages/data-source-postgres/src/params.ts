import { type LogicalType, type ParamType, type ParamValue, ValidationError } from "@org/data-source-core";
import { isTypedParam } from "@org/data-source-core/adapter";
import type { WireValue } from "./exchange.ts";
import { type ArrayItem, arrayLiteral } from "./literals.ts";
import { nativeTypes } from "./native-types.ts";
import type { TypeMap } from "./type-map.ts";

export interface BoundParams {
  readonly values: WireValue[];
  /** 0: the server infers it from the statement. */
  readonly types: number[];
  /** Native names whose number is not known yet: learn them, then bind again. */
  readonly unknownTypes: string[];
}

const unbound: BoundParams = { values: [], types: [], unknownTypes: [] };
const bytea = 17;
/** The first native type of each logical one is what stands for it. */
const logicalOids = new Map<string, number>();
for (const { oid, arrayOid, type } of nativeTypes) {
  if (type === "range" || type === "other" || logicalOids.has(type)) continue;
  logicalOids.set(type, oid);
  logicalOids.set(`${type}[]`, arrayOid);
}
const withoutOid = new Set<string>(["array", "struct", "range", "geometry", "other"] satisfies LogicalType[]);

/** Values in the server's text form, with the types that were stated. */
export function bindParams(params: readonly ParamValue[], types: TypeMap): BoundParams {
  if (params.length === 0) return unbound;
  const unknownTypes: string[] = [];
  const oids = params.map((param, index) => {
    if (!isTypedParam(param)) return param instanceof Uint8Array ? bytea : 0;
    const oid = oidOf(param.type, types, `params[${index}]`);
    if (oid === undefined) unknownTypes.push(param.type);
    return oid ?? 0;
  });
  return { values: params.map(encode), types: oids, unknownTypes };
}

function oidOf(type: ParamType, types: TypeMap, field: string): number | undefined {
  if (withoutOid.has(type.replace(/\[\]$/, ""))) {
    throw new ValidationError(`${field}: "${type}" is many types: name the native one, such as "int4range"`, field);
  }
  const element = type.endsWith("[]") ? `_${type.slice(0, -2)}` : type;
  return logicalOids.get(type) ?? types.oidOf(element);
}

function encode(value: ParamValue): WireValue {
  if (isTypedParam(value)) {
    const inner = value.value;
    return isJson(value.type) && inner !== null && typeof inner !== "string" ? jsonText(inner) : encode(inner);
  }
  if (value === null) return null;
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return encodeText(value);
}

function encodeText(value: Exclude<ParamValue, null>): string {
  if (typeof value !== "object") return String(value);
  if (value instanceof Date) return dateText(value);
  if (value instanceof Uint8Array) return String.raw`\x` + Buffer.from(value).toString("hex");
  if (Array.isArray(value)) return arrayLiteral(value.map(encodeItem));
  return jsonText(value);
}

function encodeItem(item: ParamValue): ArrayItem {
  const value = isTypedParam(item) ? item.value : item;
  if (value === null) return null;
  return Array.isArray(value) ? value.map(encodeItem) : encodeText(value);
}

function isJson(type: string): boolean {
  return type === "json" || type === "jsonb";
}

/** A moment in UTC; Postgres knows no signed years. */
function dateText(date: Date): string {
  const [, sign, year = "", rest = ""] = /^([+-]?)0*(\d+)(.*)$/.exec(date.toISOString()) ?? [];
  if (sign === undefined) return date.toISOString();
  if (sign === "-" || Number(year) === 0) return `${String(Number(year) + 1).padStart(4, "0")}${rest} BC`;
  return `${year.padStart(4, "0")}${rest}`;
}

interface RawJson {
  rawJSON(text: string): unknown;
}

/** JSON in which a bigint keeps its digits. What has none, such as a cycle, is a ValidationError. */
function jsonText(value: unknown): string {
  let cause: unknown;
  try {
    const text: string | undefined = JSON.stringify(value, (_key, item: unknown) =>
      typeof item === "bigint" ? (JSON as unknown as RawJson).rawJSON(item.toString()) : item,
    );
    if (text !== undefined) return text;
  } catch (error) {
    cause = error;
  }
  throw new ValidationError("params holds an object that cannot be written as JSON", "params", { cause });
}
