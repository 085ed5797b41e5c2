import type { ColumnType, LogicalType } from "@org/data-source-core";

/** By the names that the catalog gives them: the native name that results have, and the logical type. */
const known: Readonly<Record<string, readonly [nativeType: string, type: LogicalType]>> = {
  boolean: ["bool", "boolean"],
  smallint: ["int2", "integer"],
  integer: ["int4", "integer"],
  bigint: ["int8", "integer"],
  real: ["float4", "float"],
  "double precision": ["float8", "float"],
  numeric: ["numeric", "decimal"],
  character: ["bpchar", "string"],
  "character varying": ["varchar", "string"],
  text: ["text", "string"],
  name: ["name", "string"],
  date: ["date", "date"],
  "time without time zone": ["time", "time"],
  "time with time zone": ["timetz", "timetz"],
  "timestamp without time zone": ["timestamp", "timestamp"],
  "timestamp with time zone": ["timestamptz", "timestamptz"],
  super: ["super", "json"],
  "binary varying": ["varbyte", "bytes"],
  varbyte: ["varbyte", "bytes"],
  geometry: ["geometry", "geometry"],
  geography: ["geography", "geometry"],
};

/** Types of external tables, by Hive's names where they differ; their native name stays as it is. */
const external: Readonly<Record<string, LogicalType>> = {
  tinyint: "integer",
  smallint: "integer",
  int: "integer",
  integer: "integer",
  bigint: "integer",
  float: "float",
  double: "float",
  real: "float",
  decimal: "decimal",
  numeric: "decimal",
  char: "string",
  varchar: "string",
  string: "string",
  boolean: "boolean",
  binary: "bytes",
  date: "date",
  timestamp: "timestamp",
};

export interface DeclaredType {
  readonly column: ColumnType;
  readonly length: number | undefined;
}

/** Reads `character varying(20)`, `numeric(8,2)`, `timestamp without time zone`. */
export function readTypeName(declared: string): DeclaredType {
  const { name, numbers } = split(declared);
  const [nativeType, type] = known[name] ?? [name, /^interval\b/.test(name) ? "interval" : "other"];
  return describe(nativeType, type, numbers);
}

/** Reads `varchar(20)`, `decimal(8,2)`, `struct<a:int>`. */
export function readExternalTypeName(declared: string): DeclaredType {
  const { name, numbers } = split(declared);
  const type = external[name];
  return type === undefined ? describe(declared, "other", []) : describe(name, type, numbers);
}

function split(declared: string): { name: string; numbers: number[] } {
  const [, before = "", numbers = "", after = ""] = /^([^(]*)(?:\(([\d, ]*)\)(.*))?$/s.exec(declared.trim()) ?? [];
  return {
    name: `${before.trim()} ${after.trim()}`.trim().toLowerCase() || declared,
    numbers: numbers === "" ? [] : numbers.split(",").map(Number),
  };
}

function describe(nativeType: string, type: LogicalType, [first, second]: readonly number[]): DeclaredType {
  const isSized = type === "string" || type === "bytes";
  return {
    column: {
      type,
      nativeType,
      precision: isSized ? undefined : first,
      scale: type === "decimal" && first !== undefined ? (second ?? 0) : undefined,
      nullable: undefined,
    },
    length: isSized ? first : undefined,
  };
}
