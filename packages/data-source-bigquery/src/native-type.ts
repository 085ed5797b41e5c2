import { ValidationError, type ParamType } from "@org/data-source-core";

/** A GoogleSQL type. An array has `element`, a struct `fields`, a range `element`. */
export interface NativeType {
  readonly name: string;
  /** `NUMERIC(10, 2)`, `STRING(20)`. */
  readonly sizes: readonly number[];
  readonly element?: NativeType;
  readonly fields?: readonly { readonly name: string; readonly type: NativeType }[];
}

const aliases: Readonly<Record<string, string>> = {
  BIGDECIMAL: "BIGNUMERIC",
  BIGINT: "INT64",
  BOOLEAN: "BOOL",
  BYTEINT: "INT64",
  DECIMAL: "NUMERIC",
  FLOAT: "FLOAT64",
  INT: "INT64",
  INTEGER: "INT64",
  RECORD: "STRUCT",
  SMALLINT: "INT64",
  TINYINT: "INT64",
};

const known = new Set(
  "INT64 FLOAT64 NUMERIC BIGNUMERIC BOOL STRING BYTES DATE TIME DATETIME TIMESTAMP INTERVAL JSON GEOGRAPHY ARRAY STRUCT RANGE".split(
    " ",
  ),
);

/** A scalar type by its name in the REST API or SQL. */
export function scalarType(name: string): NativeType {
  const upper = name.toUpperCase();
  return { name: aliases[upper] ?? upper, sizes: [] };
}

/** As SQL writes it. */
export function nativeTypeName({ name, sizes, element, fields }: NativeType): string {
  if (fields)
    return `STRUCT<${fields.map((field) => `${field.name} ${nativeTypeName(field.type)}`.trim()).join(", ")}>`;
  if (element) return `${name}<${nativeTypeName(element)}>`;
  return sizes.length > 0 ? `${name}(${sizes.join(", ")})` : name;
}

/** Reads a type as SQL writes it; `undefined` if it is none. A name that it does not know is kept. */
export function parseNativeType(text: string): NativeType | undefined {
  const tokens = text.match(/`[^`]*`|\w+|[<>(),]|\S/g) ?? [];
  let at = 0;
  const take = (token: string): boolean => tokens[at] === token && (at += 1) > 0;
  const type = (): NativeType | undefined => {
    const word = tokens[at];
    if (word === undefined || !/^\w+$/.test(word)) return undefined;
    at += 1;
    const base = scalarType(word);
    if (base.name === "STRUCT" && take("<")) return struct();
    if ((base.name === "ARRAY" || base.name === "RANGE") && take("<")) {
      const element = type();
      return element && take(">") ? { ...base, element } : undefined;
    }
    const sizes: number[] = [];
    if (take("(")) {
      do sizes.push(Number(tokens[at++]));
      while (take(","));
      if (!take(")")) return undefined;
    }
    // A collation or another annotation does not change the type.
    return { ...base, sizes };
  };
  const struct = (): NativeType | undefined => {
    const fields: { name: string; type: NativeType }[] = [];
    if (take(">")) return { name: "STRUCT", sizes: [], fields };
    do {
      const isNamed = !/^[,<>(]$/.test(tokens[at + 1] ?? ",");
      const name = isNamed ? (tokens[at++] ?? "").replaceAll("`", "") : "";
      const inner = type();
      if (!inner) return undefined;
      fields.push({ name, type: inner });
    } while (take(","));
    return take(">") ? { name: "STRUCT", sizes: [], fields } : undefined;
  };
  const result = type();
  return result && at === tokens.length ? result : undefined;
}

const logical: Readonly<Record<string, string>> = {
  boolean: "BOOL",
  integer: "INT64",
  float: "FLOAT64",
  decimal: "NUMERIC",
  string: "STRING",
  uuid: "STRING",
  bytes: "BYTES",
  date: "DATE",
  time: "TIME",
  timestamp: "DATETIME",
  timestamptz: "TIMESTAMP",
  interval: "INTERVAL",
  json: "JSON",
  geometry: "GEOGRAPHY",
};

/** The type that `sql.typed` names: a logical one, that with `[]`, or a GoogleSQL type. */
export function paramNativeType(type: ParamType, field: string): NativeType {
  const [base, isArray] = type.endsWith("[]") ? [type.slice(0, -2), true] : [type, false];
  const found = logical[base] === undefined ? parseNativeType(base) : scalarType(logical[base]);
  if (found && isUsable(found)) return isArray ? { name: "ARRAY", sizes: [], element: found } : found;
  throw new ValidationError(
    `${field} has type "${type}"; expected a logical type with a BigQuery counterpart, or a GoogleSQL type such as ARRAY<STRUCT<a INT64>>`,
    field,
  );
}

function isUsable({ name, element, fields }: NativeType): boolean {
  if (!known.has(name)) return false;
  if (name === "STRUCT") return fields?.every((field) => isUsable(field.type)) ?? false;
  if (name === "ARRAY" || name === "RANGE")
    return element !== undefined && element.name !== "ARRAY" && isUsable(element);
  return true;
}
