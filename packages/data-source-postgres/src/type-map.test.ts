import { expect, test } from "vitest";
import { columnType, createTypeMap, type UserType } from "./type-map.ts";

const map = (options: Partial<Parameters<typeof createTypeMap>[0]> = {}) =>
  createTypeMap({ integers: "bigint", json: "parsed", flavour: "postgres", ...options });

const user = (type: Partial<UserType>): UserType => ({
  oid: 90_000,
  name: "own",
  aliases: [],
  kind: "b",
  isArray: false,
  delimiter: ",",
  elementOid: 0,
  baseOid: 0,
  baseModifier: -1,
  attributes: [],
  ...type,
});

test.each<[number, string, unknown]>([
  [16, "t", true],
  [16, "f", false],
  [20, "9223372036854775807", 9223372036854775807n],
  [701, "-Infinity", -Infinity],
  [1700, "1.50", "1.50"],
  [17, "\\x00ff", new Uint8Array([0, 255])],
  [17, "a\\\\\\000b", new Uint8Array([97, 92, 0, 98])],
  [1114, "2024-01-02 03:04:05.6", "2024-01-02T03:04:05.6"],
  [1114, "infinity", "infinity"],
  [1114, "0044-03-15 12:00:00 BC", "0044-03-15 12:00:00 BC"],
  [1184, "2024-01-02 03:04:05+00", "2024-01-02T03:04:05Z"],
  [1184, "2024-01-02 03:04:05-08", "2024-01-02T03:04:05-08:00"],
  [1184, "2024-01-02 03:04:05+05:30", "2024-01-02T03:04:05+05:30"],
  [1266, "12:00:00+00", "12:00:00Z"],
  [3802, '{"a": 12345678901234567890}', { a: 12345678901234567890n }],
  [18, "t", "t"],
  [1016, "{1,NULL}", [1n, null]],
  [1020, "{(1,2),(0,0);(3,4),(1,1)}", ["(1,2),(0,0)", "(3,4),(1,1)"]],
  [2278, "", ""],
])("type %i: %s is %o", (oid, text, value) => {
  expect(map().get(oid)?.convert(text)).toEqual(value);
});

test("integers and json as they were asked for", () => {
  expect(map({ integers: "string" }).get(20)?.convert("1")).toBe("1");
  expect(map({ integers: "safe-number" }).get(20)?.convert("1")).toBe(1);
  expect(() => map({ integers: "safe-number" }).get(20)?.convert("9007199254740993")).toThrow(/beyond 2\^53/);
  expect(map({ json: "text" }).get(114)?.convert("[1]")).toBe("[1]");
});

test.each<[number, number, object]>([
  [1700, ((10 << 16) | 2) + 4, { precision: 10, scale: 2 }],
  [1700, ((3 << 16) | (-2 & 0x7ff)) + 4, { precision: 3, scale: -2 }],
  [1700, -1, { precision: undefined, scale: undefined }],
  [1184, 3, { precision: 3, scale: undefined }],
  [1114, -1, { precision: undefined, scale: undefined }],
  [1043, 14, { precision: undefined, scale: undefined }],
])("type %i with modifier %i: %o", (oid, modifier, expected) => {
  const mapped = map().get(oid);
  expect(mapped && columnType(mapped, modifier)).toMatchObject(expected);
});

test("what the database defines is learnt in any order, with what it consists of", () => {
  const types = map();
  types.learn([
    user({ oid: 5, name: "_pair", kind: "b", isArray: true, elementOid: 4 }),
    user({
      oid: 4,
      name: "pair",
      kind: "c",
      attributes: [
        { name: "id", oid: 20, modifier: -1 },
        { name: "price", oid: 3, modifier: -1 },
      ],
    }),
    user({ oid: 3, name: "price", kind: "d", baseOid: 1700, baseModifier: ((10 << 16) | 2) + 4 }),
    user({ oid: 2, name: "mood", kind: "e", aliases: ["app.mood"] }),
    user({ oid: 6, name: "floatrange", kind: "r" }),
    user({ oid: 7, name: "geometry" }),
    user({ oid: 8, name: "hstore" }),
    user({ oid: 9, name: "citext" }),
  ]);
  expect(types.get(5)?.convert('{"(7,1.50)","(8,)"}')).toEqual([
    { id: 7n, price: "1.50" },
    { id: 8n, price: null },
  ]);
  const described = [2, 3, 6, 7, 8, 9].map((oid) => types.get(oid));
  expect(described.map((mapped) => [mapped?.type, mapped?.nativeType])).toEqual([
    ["string", "mood"],
    ["decimal", "price"],
    ["range", "floatrange"],
    ["geometry", "geometry"],
    ["other", "hstore"],
    ["string", "citext"],
  ]);
  expect(types.get(3)?.modifier(-1)).toEqual({ precision: 10, scale: 2 });
  expect(types.get(7)?.convert("0101")).toEqual(new Uint8Array([1, 1]));
  expect([types.oidOf("mood"), types.oidOf("app.mood"), types.oidOf("nothing")]).toEqual([2, 2, undefined]);
});

test("a type that refers to itself, or to an unknown one, goes on as text", () => {
  const types = map();
  types.learn([user({ oid: 4, name: "tree", kind: "c", attributes: [{ name: "child", oid: 4, modifier: -1 }] })]);
  expect(types.get(4)?.convert('("(1)")')).toEqual({ child: "(1)" });
});

test("a type of the same name in another schema does not take the first one's place", () => {
  const types = map();
  types.learn([user({ oid: 91_000, name: "int8", kind: "e" })]);
  expect(types.oidOf("int8")).toBe(20);
  expect(types.get(91_000)?.nativeType).toBe("int8");
});
