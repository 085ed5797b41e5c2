/**
 * The closed table of logical types and the JavaScript value each arrives as, on every engine. SQL NULL is always
 * `null`. Nothing loses digits.
 */
export interface LogicalTypes {
  boolean: boolean;
  /** Of any width. `bigint` unless the data source was created with another `integers` mode. */
  integer: bigint | number | string;
  /** Binary floating point, `NaN` and infinities included. */
  float: number;
  /** Fixed point: the digits as text, such as `"12.50"`; `"NaN"` and `"Infinity"` where the engine has them. */
  decimal: string;
  /** Character data, enums and MySQL sets included. */
  string: string;
  bytes: Uint8Array;
  /** `YYYY-MM-DD`. What ISO 8601 cannot say (infinity, BC, MySQL's zero date) stays the engine's own text. */
  date: string;
  /** `HH:MM:SS[.fraction]`; MySQL's may be negative or exceed 24 hours. */
  time: string;
  /** A time with its offset, `HH:MM:SS[.fraction]±HH:MM`, `Z` for UTC. */
  timetz: string;
  /** Civil date and time, no zone: `YYYY-MM-DDTHH:MM:SS[.fraction]`, the fraction as precise as the engine sent it. */
  timestamp: string;
  /** A moment: as `timestamp`, followed by its offset, `Z` for UTC. */
  timestamptz: string;
  /** The engine's own text. */
  interval: string;
  /** Parsed; see `parseJson` for numbers that a double cannot hold. Text when created with `json: "text"`. */
  json: unknown;
  uuid: string;
  /** Elements follow this table; `Column.element` describes them. */
  array: unknown[];
  /** A record; `Column.fields` describes its members. */
  struct: Record<string, unknown>;
  /** The engine's own text. */
  range: string;
  /** Text (WKT, GeoJSON) or WKB bytes, as the engine's adapter documents. */
  geometry: string | Uint8Array;
  /** A bit string as text of `0` and `1`. */
  bits: string;
  /** Anything else, as the engine's own text; `nativeType` says what it is. */
  other: unknown;
}

/** The name of a logical type. */
export type LogicalType = keyof LogicalTypes;

/**
 * What integers arrive as. `bigint` (default) never loses digits; `safe-number` gives numbers and throws a
 * `DATA` error beyond 2^53; `string` gives the digits.
 */
export type IntegerMode = "bigint" | "safe-number" | "string";
