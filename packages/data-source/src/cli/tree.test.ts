import type { Catalog } from "@org/data-source-core";
import { expect, test } from "vitest";
import { renderTree } from "./tree.ts";

const column = (name: string, nativeType: string, nullable?: boolean) => ({ name, nativeType, nullable });
const table = (name: string, more: object, ...columns: object[]) => ({ name, kind: "table", columns, ...more });
const catalog = {
  schemas: [
    {
      name: "sales",
      tables: [
        table(
          "orders",
          { primaryKey: { columns: ["id"] }, rowCount: { value: 12, accuracy: "estimate" } },
          column("id", "int8", false),
          column("note\u001B[2J", "text"),
        ),
        table("lines", { rowCount: { value: 3, accuracy: "exact" } }),
      ],
    },
    { name: "empty", tables: [] },
  ],
  warnings: [],
} as unknown as Catalog;

test("a catalog as a tree", () => {
  expect(renderTree(catalog).split("\n")).toEqual([
    "sales",
    "├─ orders (table, about 12 rows)",
    "│  ├─ id  int8, not null, key",
    String.raw`│  └─ note\u001b[2J  text`,
    "└─ lines (table, 3 rows)",
    "empty",
  ]);
});
