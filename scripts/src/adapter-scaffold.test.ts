import { describe, expect, test } from "vitest";
import { addArrows, addEngine, scaffoldAdapter } from "./adapter-scaffold.ts";

describe("scaffoldAdapter", () => {
  test("renames in texts and paths, in both cases", () => {
    const template = new Map([["test/acme.int.test.ts", 'createAcmeDataSource(); const kind = "acme";']]);
    expect([...scaffoldAdapter("click-house", template)]).toEqual([
      ["test/click-house.int.test.ts", 'createClickHouseDataSource(); const kind = "click-house";'],
    ]);
  });

  test.each([["ClickHouse"], ["1st"], ["click--house"], ["../evil"], [""]])("refuses the name %j", (name) => {
    expect(() => scaffoldAdapter(name, new Map())).toThrow(`"${name}" cannot be the name of an adapter`);
  });
});

describe("addArrows", () => {
  const table = 'a = {\n  "@org/data-source-x": [],\n  "@org/data-source": [\n    "@org/y",\n  ],\n};\n';

  test("adds what sources and what tests may import", () => {
    expect(addArrows(table + table, "duckdb")).toBe(
      table.replace('  "@org/data-source": [', '  "@org/data-source-duckdb": ["@org/data-source-core"],\n$&') +
        table.replace('  "@org/data-source": [', '  "@org/data-source-duckdb": ["@org/data-source-conformance"],\n$&'),
    );
  });

  test("refuses a text that it does not know", () => {
    expect(() => addArrows(table, "duckdb")).toThrow("arrows.ts: expected one line");
  });
});

describe("addEngine", () => {
  test("adds it after the last one", () => {
    const text = "package:\n  - lakebase-auth\n  - data-source-core\n  - data-source-x\nsteps:\n";
    expect(addEngine(text, "duckdb")).toBe(text.replace("steps", "  - data-source-duckdb\nsteps"));
  });

  test("refuses a text that it does not know", () => {
    expect(() => addEngine("steps:\n", "duckdb")).toThrow("ci.yml: found no engine");
  });
});
