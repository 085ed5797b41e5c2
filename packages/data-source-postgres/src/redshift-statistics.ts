import type { CatalogTable } from "@org/data-source-core";
import { escapeIdentifier } from "pg";
import type { WireRow } from "./exchange.ts";
import { type Figures, ordered } from "./column-figures.ts";

/**
 * Counts over the first rows: Redshift cannot sample at random, nor collect values into an array. Only what can be
 * compared is looked at, which SUPER, GEOMETRY and HLLSKETCH cannot.
 */
export function redshiftSampleQuery(schema: string, table: CatalogTable, sampleRows: number): string {
  const figures = table.columns.filter(isComparable).flatMap(({ name, type }) => {
    const column = escapeIdentifier(name);
    const range = ordered.has(type) ? [`min(${column})`, `max(${column})`] : [];
    return [`count(${column})`, `count(distinct ${column})`, ...range];
  });
  const from = `${escapeIdentifier(schema)}.${escapeIdentifier(table.name)}`;
  return `select ${["count(*)", ...figures].join(", ")} from (select * from ${from} limit ${sampleRows}) as sampled`;
}

/** The figures of each column, in order; `undefined` where there are none. */
export function readRedshiftSample(table: CatalogTable, [, ...values]: WireRow): (Figures | undefined)[] {
  const rest = values.values();
  const next = (): string | null => rest.next().value ?? null;
  return table.columns.map((column) => {
    if (!isComparable(column)) return undefined;
    const [count, distinct] = [Number(next()), Number(next())];
    return ordered.has(column.type) ? [count, distinct, next(), next(), null] : [count, distinct, null, null, null];
  });
}

function isComparable({ type }: CatalogTable["columns"][number]): boolean {
  return ordered.has(type) || type === "boolean";
}
