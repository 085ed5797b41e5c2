import type { LogicalType } from "@org/data-source-core";

/** Of one column of a sample, values as text. */
export type Figures = [
  count: number,
  distinct: number,
  min: string | null,
  max: string | null,
  values: string[] | null,
];

/** Types whose smallest and largest value the server can tell. */
export const ordered: ReadonlySet<LogicalType> = new Set([
  "integer",
  "float",
  "decimal",
  "string",
  "date",
  "time",
  "timetz",
  "timestamp",
  "timestamptz",
  "interval",
]);
