import { type SnowflakeEmulator, startSnowflakeEmulator } from "@org/warehouse-emulators/snowflake";
import type { Engine } from "./engine.ts";

export async function startSnowflake(): Promise<Engine & { readonly emulator: SnowflakeEmulator }> {
  const emulator = await startSnowflakeEmulator();
  return {
    emulator,
    config: { kind: "snowflake", ...emulator.connectionOptions },
    // Not "session-token": the driver renews it by itself, but not to log out, and that session stays on the server.
    faults: {
      "expire the session": () => emulator.expire("authentication"),
      "expire both tokens": () => emulator.expire("both-tokens"),
      "forget the session": () => emulator.expire("gone"),
      "drop a statement": () => emulator.inject({ on: "query", drop: true }),
      "lose a reply": () => emulator.inject({ on: "query", drop: true, afterwards: true }),
      "be unavailable": () => emulator.inject({ on: "query", httpStatus: 503 }),
    },
    open: () => Promise.resolve(emulator.sessionIds.length),
    [Symbol.asyncDispose]: () => emulator.close(),
  };
}
