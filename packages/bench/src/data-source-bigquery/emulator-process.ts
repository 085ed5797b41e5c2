// The emulator in a process of its own: what it costs is not what is measured. Prints its address; ends with its parent.
import { startBigQueryEmulator, type Field } from "@org/warehouse-emulators/bigquery";

const schema: readonly Field[] = [
  { name: "id", type: "INTEGER" },
  { name: "name", type: "STRING" },
  { name: "price", type: "NUMERIC" },
  { name: "at", type: "TIMESTAMP" },
  { name: "ok", type: "BOOLEAN" },
];

const emulator = await startBigQueryEmulator();
emulator.script({
  sql: /^select 1 as a/,
  answer: { schema: [{ name: "a", type: "INTEGER" }], rows: [["1"]] },
});
emulator.script({
  sql: /^select rows (\d+)$/,
  answer: ([, count]) => ({
    schema,
    rows: {
      count: Number(count),
      row: (index) => [String(index), `name ${index}`, `${index}.25`, String(1_709_168_523_000_004 + index), "true"],
    },
  }),
});
await emulator.defineTable({
  dataset: "d",
  table: "large",
  schema: [{ name: "a", type: "INTEGER" }],
  bytes: 30 * 2 ** 30,
});
await emulator.defineTable({
  dataset: "d",
  table: "small",
  schema: [{ name: "a", type: "INTEGER" }],
  bytes: 20 * 2 ** 30,
});
process.on("message", () => {
  process.send?.({ bytesBilled: String(emulator.bytesBilled), jobs: emulator.jobs.length });
});
process.on("disconnect", () => process.exit());
process.send?.({ url: emulator.url });
