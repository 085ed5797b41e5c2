// The emulator in a process of its own, so that its work is not measured. Told what to do by messages.
import { startSnowflakeEmulator } from "@org/warehouse-emulators/snowflake";

const emulator = await startSnowflakeEmulator({ inlineRows: 1_000, chunkRows: 10_000 });
const text = "x".repeat(50);
emulator.script({
  match: /^select numbers \d+$/,
  reply: ({ sql }) => {
    const length = Number(sql.split(" ")[2]);
    const slice = (start: number, end = length): string[][] =>
      Array.from({ length: Math.max(0, Math.min(end, length) - start) }, (_, index) => [String(start + index), text]);
    const columns = [
      { name: "N", type: "fixed", precision: 38, scale: 0 },
      { name: "T", type: "text" },
    ] as const;
    return { columns, rows: { length, slice } };
  },
});

process.on("message", (message) => {
  if (message === "expire") emulator.expire("authentication");
  process.send?.({ logins: emulator.count("login") });
});
process.on("disconnect", () => void emulator.close());
process.send?.(emulator.connectionOptions);
