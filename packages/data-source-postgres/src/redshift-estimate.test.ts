import { expect, test } from "vitest";
import { readTextPlan } from "./redshift-estimate.ts";

test("a plan as Redshift writes it", () => {
  const lines = [
    "XN Hash Join DS_DIST_OUTER  (cost=2.52..58653620.93 rows=8712 width=43)",
    '  Hash Cond: ("outer".venueid = "inner".venueid)',
    "  ->  XN Seq Scan on event  (cost=0.00..87.98 rows=8798 width=23)",
  ];
  expect(readTextPlan(lines.map((line) => [line]))).toEqual({ rows: 8712, cost: 58653620.93, plan: lines.join("\n") });
});

test("a plan without figures is a plan all the same", () => {
  expect(readTextPlan([["XN Something"]])).toEqual({ rows: undefined, cost: undefined, plan: "XN Something" });
});
