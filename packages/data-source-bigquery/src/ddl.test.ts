import { expect, test } from "vitest";
import { labelsInOption, literalText, partitioningOf } from "./ddl.ts";

const table =
  "CREATE TABLE `p.d.t`\n(\n  `PARTITION BY` INT64 OPTIONS(description='PARTITION BY x'),\n  at TIMESTAMP\n)";

test.each([
  [`${table};`, null],
  [`${table}\nPARTITION BY DATE(at);`, ["time", "DATE(at)"]],
  [
    `${table}\nPARTITION BY TIMESTAMP_TRUNC(at, MONTH)\nCLUSTER BY a\nOPTIONS(x=1);`,
    ["time", "TIMESTAMP_TRUNC(at, MONTH)"],
  ],
  [
    `${table} PARTITION BY RANGE_BUCKET(a, GENERATE_ARRAY(0, 9, 1)) OPTIONS(x=1)`,
    ["range", "RANGE_BUCKET(a, GENERATE_ARRAY(0, 9, 1))"],
  ],
  [`${table}\nPARTITION BY _PARTITIONDATE`, ["time", "_PARTITIONDATE"]],
  [`${table} PARTITION BY day AS SELECT 1`, ["time", "day"]],
] as const)("%j", (ddl, expected) => {
  const found = partitioningOf(ddl);
  expect(found && [found.strategy, ...found.expressions]).toEqual(expected);
});

test("literals and labels as the catalog writes them", () => {
  expect(literalText('"it\\"s"')).toBe('it"s');
  expect(literalText("1")).toBeUndefined();
  expect(literalText("nonsense")).toBeUndefined();
  expect(labelsInOption('[STRUCT("team", "a-b"), STRUCT("x", "")]')).toEqual({ team: "a-b", x: "" });
  expect(labelsInOption("[]")).toEqual({});
});
