import { expect, test } from "vitest";
import { planCost, planRows } from "./plan.ts";

test("MariaDB: joins multiply, filters count", () => {
  const plan = {
    query_block: {
      select_id: 1,
      nested_loop: [
        { table: { table_name: "a", rows: 100, filtered: 10 } },
        { table: { table_name: "b", rows: 3, filtered: 100 } },
      ],
    },
  };
  expect(planRows(plan)).toBe(30);
  expect(planCost(plan)).toBeUndefined();
});

test("MySQL: its own names, and a cost as text", () => {
  const plan = {
    query_block: {
      cost_info: { query_cost: "12.50" },
      ordering_operation: { table: { table_name: "a", rows_examined_per_scan: 8, filtered: "50.00" } },
    },
  };
  expect([planRows(plan), planCost(plan)]).toEqual([4, 12.5]);
});

test("MySQL 9: the tree says it for the whole", () => {
  const plan = { query_plan: { estimated_rows: 100, estimated_total_cost: 21.5, inputs: [{ estimated_rows: 877 }] } };
  expect([planRows(plan), planCost(plan)]).toEqual([100, 21.5]);
  const limited = { query_plan: { limit: 3, inputs: [{ estimated_rows: 877, estimated_total_cost: 91.7 }] } };
  expect([planRows(limited), planCost(limited)]).toEqual([undefined, undefined]);
});

test("MariaDB 11 has a cost", () => {
  expect(planCost({ query_block: { cost: 0.5 } })).toBe(0.5);
});

test("what decides otherwise is unknown", () => {
  expect(planRows({ query_block: { grouping_operation: { table: { rows: 5 } } } })).toBeUndefined();
  expect(planRows({ query_block: { union_result: {} } })).toBeUndefined();
  expect(planRows({ query_block: { table: { message: "No tables used" } } })).toBeUndefined();
  expect(planRows(null)).toBeUndefined();
});
