import type { LakebaseEmulator } from "@org/lakebase-emulator";
import { afterAll, beforeAll, expect, test } from "vitest";
import { open, startServer } from "./server.ts";

let emulator: LakebaseEmulator;
beforeAll(async () => {
  emulator = await startServer();
});
afterAll(() => emulator.close());

test("reads rows with their columns and lossless values", async () => {
  await using source = open(emulator);
  const { rows, columns } = await source.query({
    text: "select $1::int8 as id, 1.50::numeric(10,2) as price",
    params: [9007199254740993n],
  });
  expect(rows).toEqual([{ id: 9007199254740993n, price: "1.50" }]);
  expect(
    columns.map(({ name, type, nativeType, precision, scale }) => [name, type, nativeType, precision, scale]),
  ).toEqual([
    ["id", "integer", "int8", undefined, undefined],
    ["price", "decimal", "numeric", 10, 2],
  ]);
});
