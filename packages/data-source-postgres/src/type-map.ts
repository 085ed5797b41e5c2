import type { ColumnType, IntegerMode, LogicalType } from "@org/data-source-core";
import { createIntegerParser, parseJson, withKeys } from "@org/data-source-core/adapter";
import { type ArrayItem, parseArrayLiteral, parseRecordLiteral } from "./literals.ts";
import { nativeTypes } from "./native-types.ts";
import type { Flavour } from "./options.ts";
import { redshiftTypes } from "./redshift-types.ts";

/** From the server's text to the value of the contract. */
export type Convert = (text: string) => unknown;

/** A type as its columns need it. */
export interface MappedType {
  readonly type: LogicalType;
  readonly nativeType: string;
  readonly convert: Convert;
  /** What a type modifier says, such as the 10 and 2 of numeric(10,2). */
  readonly modifier: (modifier: number) => Pick<ColumnType, "precision" | "scale">;
  readonly element?: ColumnType;
  readonly fields?: ColumnType["fields"];
}

/** A type of this database: an enum, domain, array, composite or an extension's. */
export interface UserType {
  readonly oid: number;
  readonly name: string;
  /** Other spellings by which it was asked for. */
  readonly aliases: readonly string[];
  /** pg_type.typtype: `b`ase, `c`omposite, `d`omain, `e`num, `r`ange, `m`ultirange. */
  readonly kind: string;
  readonly isArray: boolean;
  readonly delimiter: string;
  readonly elementOid: number;
  readonly baseOid: number;
  readonly baseModifier: number;
  readonly attributes: readonly { readonly name: string; readonly oid: number; readonly modifier: number }[];
}

/** What is known of this database's types; it grows by `learn`. */
export interface TypeMap {
  get(oid: number): MappedType | undefined;
  oidOf(nativeName: string): number | undefined;
  /** In any order; those that they refer to must be known or among them. */
  learn(types: readonly UserType[]): void;
}

const unknownModifier = { precision: undefined, scale: undefined };
const noModifier = (): typeof unknownModifier => unknownModifier;
const keep: Convert = (text) => text;

export function createTypeMap(options: {
  readonly integers: IntegerMode;
  readonly json: "parsed" | "text";
  readonly flavour: Flavour;
}): TypeMap {
  const types = new Map<number, MappedType>();
  const oids = new Map<string, number>();
  const converts = createConverts(options);

  const add = (oid: number, type: MappedType): void => {
    types.set(oid, type);
    // A type of the same name in another schema does not take the place of the first.
    if (!oids.has(type.nativeType)) oids.set(type.nativeType, oid);
  };
  const simple = (type: LogicalType, nativeType: string): MappedType => {
    const convert = nativeType === "char" ? keep : (converts[type] ?? keep);
    return { type, nativeType, convert, modifier: modifiers[type] ?? noModifier };
  };
  const own = options.flavour === "redshift" ? redshiftTypes : [];
  for (const { oid, name, type, isHex } of own) {
    add(oid, isHex ? { ...simple(type, name), convert: hexBytes } : simple(type, name));
  }
  for (const { oid, arrayOid, name, type } of nativeTypes) {
    const mapped = simple(type, name);
    add(oid, mapped);
    if (arrayOid !== 0) add(arrayOid, arrayOf(mapped, `_${name}`, name === "box" ? ";" : ","));
  }

  const learn = (all: readonly UserType[]): void => {
    const pending = new Map(all.map((type) => [type.oid, type]));
    const resolve = (oid: number): MappedType => {
      const known = types.get(oid);
      if (known) return known;
      const type = pending.get(oid);
      // A type that refers to itself goes on as text.
      pending.delete(oid);
      const mapped = type ? mapUserType(type, resolve, simple) : simple("other", `oid ${oid}`);
      if (type) add(oid, mapped);
      return mapped;
    };
    for (const { oid, aliases } of all) {
      resolve(oid);
      for (const alias of aliases) oids.set(alias, oid);
    }
  };
  return { get: (oid) => types.get(oid), oidOf: (name) => oids.get(name), learn };
}

function mapUserType(
  type: UserType,
  resolve: (oid: number) => MappedType,
  simple: (type: LogicalType, nativeType: string) => MappedType,
): MappedType {
  const { name, kind } = type;
  if (type.isArray) return arrayOf(resolve(type.elementOid), name, type.delimiter);
  if (kind === "d") {
    const base = resolve(type.baseOid);
    const known = base.modifier(type.baseModifier);
    return { ...base, nativeType: name, modifier: () => known };
  }
  if (kind === "c") return structOf(type, resolve);
  if (kind === "e" || name === "citext") return simple("string", name);
  if (kind === "r" || kind === "m") return simple("range", name);
  // PostGIS: its text form is EWKB in hexadecimal.
  if (name === "geometry" || name === "geography") {
    return { ...simple("geometry", name), convert: hexBytes };
  }
  return simple("other", name);
}

function arrayOf(element: MappedType, nativeType: string, delimiter: string): MappedType {
  const convertItem = (item: ArrayItem): unknown => {
    if (item === null) return null;
    return typeof item === "string" ? element.convert(item) : item.map(convertItem);
  };
  return {
    type: "array",
    nativeType,
    convert: (text) => parseArrayLiteral(text, delimiter).map(convertItem),
    modifier: noModifier,
    element: columnType(element, -1),
  };
}

function structOf({ name, attributes }: UserType, resolve: (oid: number) => MappedType): MappedType {
  const members = attributes.map((attribute) => ({ ...attribute, mapped: resolve(attribute.oid) }));
  const fields = withKeys(members.map(({ name, modifier, mapped }) => ({ name, ...columnType(mapped, modifier) })));
  return {
    type: "struct",
    nativeType: name,
    convert: (text) => {
      const values = parseRecordLiteral(text);
      return Object.fromEntries(
        fields.map(({ key }, index) => {
          const value = values[index] ?? null;
          return [key, value === null ? null : members[index]?.mapped.convert(value)];
        }),
      );
    },
    modifier: noModifier,
    fields,
  };
}

/** A column's description. */
export function columnType(mapped: MappedType, modifier: number): ColumnType {
  const { type, nativeType, element, fields } = mapped;
  return {
    type,
    nativeType,
    ...(modifier < 0 && type !== "struct" ? mapped.modifier(-1) : mapped.modifier(modifier)),
    nullable: undefined,
    ...(element && { element }),
    ...(fields && { fields }),
  };
}

function createConverts(options: {
  readonly integers: IntegerMode;
  readonly json: "parsed" | "text";
}): Partial<Record<LogicalType, Convert>> {
  return {
    boolean: (text) => text === "t",
    bytes,
    integer: createIntegerParser(options.integers),
    float: Number,
    json: options.json === "parsed" ? parseJson : keep,
    timestamp: isoTimestamp,
    timestamptz: (text) => isoOffset(isoTimestamp(text)),
    timetz: isoOffset,
  };
}

const hexBytes: Convert = (text) => Uint8Array.from(Buffer.from(text, "hex"));

/** `bytea_output` may be `hex` or `escape`. */
function bytes(text: string): Uint8Array {
  if (text.startsWith(String.raw`\x`)) return Uint8Array.from(Buffer.from(text.slice(2), "hex"));
  const plain = text.replaceAll(/\\(\\|[0-7]{3})/g, (_match, escaped: string) =>
    escaped === "\\" ? "\\" : String.fromCodePoint(Number.parseInt(escaped, 8)),
  );
  return Uint8Array.from(Buffer.from(plain, "latin1"));
}

const isoLike = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[\d.+:-]*$/;

/** What ISO 8601 cannot say (infinity, BC, the year 10000) stays as it is. */
function isoTimestamp(text: string): string {
  return isoLike.test(text) ? `${text.slice(0, 10)}T${text.slice(11)}` : text;
}

function isoOffset(text: string): string {
  if (!/\d[+-]\d\d(?::\d\d){0,2}$/.test(text)) return text;
  if (text.endsWith("+00")) return `${text.slice(0, -3)}Z`;
  return /[+-]\d\d$/.test(text) ? `${text}:00` : text;
}

const fraction: MappedType["modifier"] = (modifier) =>
  modifier < 0 ? unknownModifier : { precision: modifier, scale: undefined };

const modifiers: Partial<Record<LogicalType, MappedType["modifier"]>> = {
  decimal: (modifier) => {
    if (modifier < 4) return unknownModifier;
    const packed = modifier - 4;
    // 11 bits with a sign: since Postgres 15 a scale may be negative.
    return { precision: packed >> 16, scale: ((packed & 0x7ff) ^ 0x400) - 0x400 };
  },
  time: fraction,
  timetz: fraction,
  timestamp: fraction,
  timestamptz: fraction,
};
