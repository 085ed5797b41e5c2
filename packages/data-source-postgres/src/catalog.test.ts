import { expect, test } from "vitest";
import { buildCatalog, type CatalogRows } from "./catalog.ts";
import { createTypeMap } from "./type-map.ts";

const types = createTypeMap({ integers: "bigint", json: "parsed", flavour: "postgres" });
const empty: CatalogRows = { schemas: [], tables: [], columns: [], constraints: [], indexes: [], partitions: [] };
const varchar20 = "24";

const rows: CatalogRows = {
  schemas: [
    ["app", "ours"],
    ["void", null],
  ],
  // oid, schema, name, kind, persistence, tuples, size, comment, definition, partition key, owner
  tables: [
    ["1", "app", "item", "r", "u", "2", "8192", "an item", null, null, "me"],
    ["2", "app", "fresh", "r", "p", "-1", "0", null, null, null, "me"],
    ["3", "app", "seen", "v", "p", "0", null, null, "select 1", null, "me"],
    ["4", "app", "parted", "p", "p", "5", null, null, null, "RANGE (day, lower(\"a,b\"), coalesce(x, 'y,z'))", "me"],
    ["5", "app", "odd", "X", "p", "0", "0", null, null, null, null],
  ],
  // table, name, type, modifier, not null, default, comment, identity, generated, collation, number
  columns: [
    ["1", "doubled", "1700", "-1", "f", "(price * 2)", null, "", "s", null, "4"],
    ["1", "id", "20", "-1", "t", null, null, "a", "", null, "1"],
    ["1", "code", "1043", varchar20, "t", "'x'", "its code", "", "", "C", "3"],
    ["1", "own", "90000", "-1", "f", null, null, "d", "", null, "5"],
  ],
  // table, type, name, columns, expression, foreign schema, table, columns, on delete, on update, enforced
  constraints: [
    ["1", "p", "item_pkey", "[1,3]", null, null, null, null, " ", " ", "t"],
    ["1", "f", "item_own_fkey", "[5]", null, "app", "owner", '["id"]', "c", "a", "f"],
    ["1", "u", "item_code_key", "[3]", null, null, null, null, " ", " ", "t"],
    ["1", "c", "item_check", "[3]", "(length(code) > 1)", null, null, null, " ", " ", "t"],
  ],
  // table, name, unique, method, clustered, where, key count, keys, options, expressions
  indexes: [
    ["1", "item_pkey", "t", "btree", "t", null, "2", "1 3", "0 0", null],
    ["1", "item_mixed", "f", "btree", "f", "(id > 0)", "2", "3 0 1", "1 0", '["code","lower(code)"]'],
    ["1", "item_gin", "f", "gin", "f", null, "1", "5", "0", null],
  ],
  partitions: [["4", "parted_2024"]],
};

const [app, other] = buildCatalog(types, "db", rows, []).schemas;
const [item, fresh, seen, parted, odd] = app?.tables ?? [];

test("schemas, empty ones too", () => {
  expect([app, other].map((schema) => [schema?.catalog, schema?.name, schema?.comment, schema?.tables.length])).toEqual(
    [
      ["db", "app", "ours", 5],
      ["db", "void", null, 0],
    ],
  );
});

test("tables, and figures only where there are some", () => {
  const estimate = (value: number, source: string) => ({ value, accuracy: "estimate", source });
  expect(item).toMatchObject({
    kind: "table",
    comment: "an item",
    definition: null,
    partitioning: null,
    rowCount: estimate(2, "pg_class.reltuples"),
    sizeBytes: estimate(8192, "pg_class.relpages"),
    native: { owner: "me", persistence: "unlogged" },
  });
  expect([fresh?.rowCount, fresh?.sizeBytes, seen?.rowCount, seen?.sizeBytes]).toEqual(Array(4).fill(undefined));
  expect(seen).toMatchObject({ kind: "view", definition: "select 1" });
  expect(odd).toMatchObject({ kind: "X", native: { owner: "" } });
  expect(parted).toMatchObject({
    kind: "table",
    partitioning: {
      strategy: "range",
      expressions: ["day", 'lower("a,b")', "coalesce(x, 'y,z')"],
      partitions: ["parted_2024"],
    },
  });
});

test("columns in their order, counted from 1 whatever was dropped", () => {
  expect(item?.columns).toMatchObject([
    { name: "id", position: 1, type: "integer", nullable: false, identity: "always", default: null, generated: null },
    { name: "code", position: 2, length: 20, default: "'x'", comment: "its code", collation: "C", identity: null },
    { name: "doubled", position: 3, nullable: true, default: null, generated: "(price * 2)", length: undefined },
    { name: "own", position: 4, type: "other", nativeType: "oid 90000", identity: "by-default" },
  ]);
});

test("keys by the names of their columns", () => {
  expect(item?.primaryKey).toEqual({ name: "item_pkey", columns: ["id", "code"], enforced: true });
  expect(item?.uniqueConstraints).toEqual([{ name: "item_code_key", columns: ["code"], enforced: true }]);
  expect(item?.checks).toEqual([{ name: "item_check", expression: "(length(code) > 1)" }]);
  expect(item?.foreignKeys).toEqual([
    {
      name: "item_own_fkey",
      columns: ["own"],
      enforced: false,
      references: { catalog: undefined, schema: "app", table: "owner", columns: ["id"] },
      onDelete: "cascade",
      onUpdate: "no action",
    },
  ]);
  expect([fresh?.primaryKey, fresh?.foreignKeys]).toEqual([null, []]);
});

test("indexes: expressions, order, no included columns", () => {
  const part = (expression: string, isColumn: boolean, order?: string) => ({
    expression,
    isColumn,
    order,
    prefixLength: undefined,
  });
  expect(item?.indexes?.map(({ name, parts, where, unique }) => [name, parts, where, unique])).toEqual([
    ["item_pkey", [part("id", true, "asc"), part("code", true, "asc")], null, true],
    ["item_mixed", [part("code", true, "desc"), part("lower(code)", false, "asc")], "(id > 0)", false],
    ["item_gin", [part("own", true)], null, false],
  ]);
  expect([item?.clustering, fresh?.clustering]).toEqual([["id", "code"], null]);
});

test("a part that could not be read is unknown, not empty", () => {
  const unread = { ...rows, constraints: undefined, indexes: undefined, partitions: undefined };
  const warnings = [{ part: "indexes", message: "refused", schema: undefined, table: undefined }];
  const catalog = buildCatalog(types, "db", unread, warnings);
  const [first, , , last] = catalog.schemas[0]?.tables ?? [];
  const { primaryKey, foreignKeys, uniqueConstraints, checks, indexes, clustering } = first ?? {};
  expect([primaryKey, foreignKeys, uniqueConstraints, checks, indexes, clustering]).toEqual(Array(6).fill(undefined));
  expect(last?.partitioning?.partitions).toBeUndefined();
  expect(catalog.warnings).toBe(warnings);
});

test("nothing gives nothing", () => {
  expect(buildCatalog(types, "db", empty, [])).toEqual({ schemas: [], warnings: [] });
});
