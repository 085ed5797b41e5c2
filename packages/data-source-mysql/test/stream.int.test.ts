import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { DataSource } from "@org/data-source-core";
import { describe, expect, test } from "vitest";
import { createContext, failure, recorded, until } from "./context.ts";

const { observer, series, server, source } = await createContext();
const endless = (marker: string): string =>
  `select seq, '${marker}' as marker, repeat('x', 1000) as filler from ${series(100_000_000)}`;

describe("leaving early ends the server's work", () => {
  const ways: Record<string, (reader: DataSource, text: string) => Promise<unknown>> = {
    break: async (reader, text) => {
      for await (const rows of reader.stream(text)) if (rows.length > 0) break;
    },
    "a thrown error": async (reader, text) => {
      for await (const rows of reader.stream(text)) if (rows.length > 0) throw new Error("mine");
    },
    "an abort": async (reader, text) => {
      const caller = new AbortController();
      for await (const rows of reader.stream(text, { signal: caller.signal })) if (rows.length > 0) caller.abort();
    },
    "close()": async (reader, text) => {
      const stream = reader.stream(text);
      await stream[Symbol.asyncIterator]().next();
      await stream.close();
    },
    maxRows: async (reader, text) => {
      for await (const rows of reader.stream(`${text} limit 90000000`, { maxRows: 100 })) if (rows.length === 0) break;
    },
    maxBytes: async (reader, text) => {
      for await (const rows of reader.stream(text, { maxBytes: 10_000 })) if (rows.length === 0) break;
    },
    "a query cut by maxBytes": (reader, text) => reader.query(text, { maxBytes: 10_000, maxRows: Infinity }),
  };
  test.each(Object.entries(ways))("%s: in 500 ms, and the connection is used again", async (name, leave) => {
    const reader = source({ pool: { max: 1 } });
    const [before] = (await reader.query("select connection_id() as id")).rows;
    const marker = `early_${name.replaceAll(/\W/g, "_")}`;
    await leave(reader, endless(marker)).catch(() => undefined);
    await until(async () => (await observer.activeStatements(marker)) === 0, 500);
    expect((await reader.query("select connection_id() as id")).rows).toEqual([before]);
  });
});

describe("clocks", () => {
  test("the server may take statementTimeoutMs for a batch; then it is stopped", async () => {
    const { events, onEvent } = recorded();
    const reader = source({ onEvent });
    const stream = reader.stream(`select seq, sleep(2) as slow_1 from ${series(3)}`, { statementTimeoutMs: 300 });
    expect(await failure(stream[Symbol.asyncIterator]().next())).toMatchObject({ code: "STATEMENT_TIMEOUT" });
    await until(async () => (await observer.activeStatements("slow_1")) === 0, 500);
    expect(events).toContainEqual({ type: "connection-closed", reason: "It was opened to cancel a statement" });
  });

  test("a consumer may pause longer than the server would wait by itself", async () => {
    await observer.query("set global net_write_timeout = 1");
    try {
      const reader = source();
      let rows = 0;
      for await (const batch of reader.stream(`select seq, repeat('x', 1000) as filler from ${series(50_000)}`)) {
        if (rows === 0) await new Promise((resolve) => setTimeout(resolve, 2500));
        rows += batch.length;
      }
      expect(rows).toBe(50_000);
    } finally {
      await observer.query("set global net_write_timeout = default");
    }
  });

  test("totalTimeoutMs is the server's, too", async () => {
    const { events, onEvent } = recorded();
    const stream = source({ onEvent }).stream(`select seq, sleep(0.2) as s from ${series(50)}`, {
      totalTimeoutMs: 700,
      batchRows: 1,
    });
    const read = async (): Promise<void> => {
      for await (const rows of stream) expect(rows).toHaveLength(1);
    };
    expect(await failure(read())).toMatchObject({ code: "STATEMENT_TIMEOUT" });
    expect(events.filter(({ type }) => type === "connection-opened").length).toBeLessThanOrEqual(2);
  });
});

test("1.1 GB of result add less than 100 MB to the process, and its idle connection does not keep it alive", async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--conditions=@org/source", join(import.meta.dirname, "stream-memory.child.ts")],
    {
      env: { ...process.env, MYSQL_OPTIONS: JSON.stringify(server.options), IS_MARIADB: String(server.isMariaDb) },
      timeout: 50_000,
    },
  );
  const { bytes, addedMb } = JSON.parse(stdout) as { bytes: number; addedMb: number };
  expect(bytes).toBe(1_100_000_000);
  expect(addedMb).toBeLessThan(100);
});
