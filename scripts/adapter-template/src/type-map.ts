import type { LogicalType } from "@org/data-source-core";

/** Native type, as the server reports it, to logical type. What is not in here arrives as `unknown`. */
export const logicalTypes: Readonly<Record<string, LogicalType>> = {
  boolean: "boolean",
  bigint: "integer",
};
