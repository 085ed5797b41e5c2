import type { Estimate } from "@org/data-source-core";
import type { WireRow } from "./exchange.ts";

/** From the first line of a plan, such as `XN Seq Scan on venue  (cost=0.00..2.02 rows=202 width=22)`. */
export function readTextPlan(rows: readonly WireRow[]): Pick<Estimate, "rows" | "cost" | "plan"> {
  const plan = rows.map(([line]) => line ?? "").join("\n");
  const [, cost, count] = /\(cost=[\d.]+\.\.([\d.]+) rows=(\d+) width=\d+\)/.exec(plan) ?? [];
  return {
    rows: count === undefined ? undefined : Number(count),
    cost: cost === undefined ? undefined : Number(cost),
    plan,
  };
}
