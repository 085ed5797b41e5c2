import type { DataSourceEvent } from "@org/data-source-core";
import { createInstrument, createRedactor } from "@org/data-source-core/adapter";
import { expect, test } from "vitest";
import { ResilientPool } from "./pool.ts";

function createPool(onEvent: (event: DataSourceEvent) => void = () => undefined): ResilientPool {
  return new ResilientPool({
    host: "127.0.0.1",
    port: 1,
    user: "u",
    database: "d",
    password: undefined,
    ssl: false,
    applicationName: undefined,
    max: 1,
    idleTimeoutMs: Infinity,
    maxLifetimeMs: Infinity,
    connectTimeoutMs: 1_000,
    retriesTransient: false,
    instrument: createInstrument({
      system: "postgresql",
      enabled: false,
      captureQueryText: false,
      summarize: () => "",
    }),
    redact: createRedactor([]),
    telemetry: { enabled: false },
    onEvent,
  });
}

// One that is opened too late for its caller and closed at once has neither lease nor pool to listen to it.
test("an error of a connection that nobody uses does not end the process", async () => {
  const pool = createPool();
  const { Client } = pool as unknown as { Client: new (config: object) => NodeJS.EventEmitter };
  const client = new Client({});
  expect(() => client.emit("error", new Error("terminating connection due to administrator command"))).not.toThrow();
  await pool.end();
});

test("an idle connection that is lost does not end the process, and is reported", async () => {
  const events: DataSourceEvent[] = [];
  const pool = createPool((event) => events.push(event));
  expect(() => pool.emit("error", new Error("terminated"), {})).not.toThrow(Error);
  expect(events).toEqual([{ type: "connection-closed", reason: "An idle connection was lost" }]);
  await pool.end();
});
