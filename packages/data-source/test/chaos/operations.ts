import type { DataSource, ErrorCode } from "@org/data-source-core";
import { setTimeout as pause } from "node:timers/promises";
import type { Dialect } from "../engines/engine.ts";
import type { Random } from "./random.ts";

export interface OperationContext {
  readonly source: DataSource;
  readonly dialect: Dialect;
  readonly random: Random;
  /** Unique, so that a row of another statement shows. */
  readonly tag: string;
}

/** Something a program does. What it resolves to is right, or it throws a WrongResult. */
export interface Operation {
  readonly name: string;
  readonly run: (context: OperationContext) => Promise<void>;
  /** Codes that it ends with even when nothing goes wrong around it; it must then never succeed. */
  readonly fails?: readonly ErrorCode[];
  /** Writes the tag into the log. */
  readonly writes?: boolean;
}

export const logTable = "chaos_log";

/** A row that is not this statement's, or not in its place. */
class WrongResult extends Error {}

function checkRows(rows: readonly Record<string, unknown>[], tag: string, from: number): void {
  for (const [index, row] of rows.entries()) {
    if (row["n"] !== BigInt(from + index) || row["tag"] !== tag || Object.keys(row).length !== 2)
      throw new WrongResult(`row ${from + index} of ${tag}: ${Object.entries(row).join(" ")}`);
  }
}

function checkCount(actual: number, expected: number, tag: string): void {
  if (actual !== expected) throw new WrongResult(`${tag}: ${actual} rows instead of ${expected}`);
}

/** A signal that aborts soon. */
const soon = (random: Random, withinMs: number): AbortSignal => AbortSignal.timeout(random.between(0, withinMs));

export const operations: readonly Operation[] = [
  {
    name: "query",
    run: async ({ source, dialect, random, tag }) => {
      const count = random.between(0, 50);
      const { rows, truncated } = await source.query(dialect.numbers(count, tag));
      checkCount(rows.length, count, tag);
      checkRows(rows, tag, 1);
      if (truncated) throw new WrongResult(`${tag}: truncated`);
    },
  },
  {
    name: "query with a row limit",
    run: async ({ source, dialect, random, tag }) => {
      const maxRows = random.between(1, 20);
      const { rows, truncated } = await source.query(dialect.numbers(maxRows + 1, tag), { maxRows });
      checkCount(rows.length, maxRows, tag);
      checkRows(rows, tag, 1);
      if (!truncated) throw new WrongResult(`${tag}: not truncated`);
    },
  },
  {
    name: "stream to a slow reader",
    run: async ({ source, dialect, random, tag }) => {
      const count = random.between(1, 2_000);
      let read = 0;
      for await (const rows of source.stream(dialect.numbers(count, tag), { batchRows: random.between(50, 500) })) {
        checkRows(rows, tag, read + 1);
        read += rows.length;
        if (random.below(4) < 1) await pause(random.between(1, 30));
      }
      checkCount(read, count, tag);
    },
  },
  {
    name: "stream left early",
    run: async ({ source, dialect, random, tag }) => {
      const wanted = random.between(1, 300);
      let read = 0;
      for await (const rows of source.stream(dialect.numbers(2_000, tag), { batchRows: 100 })) {
        checkRows(rows, tag, read + 1);
        read += rows.length;
        if (read >= wanted) break;
      }
    },
  },
  {
    name: "abort",
    fails: ["CANCELLED"],
    run: async ({ source, dialect, random, tag }) => {
      await source.query(dialect.sleep(5, tag), { signal: soon(random, 200) });
    },
  },
  {
    name: "abort a stream",
    fails: ["CANCELLED"],
    run: async ({ source, dialect, random, tag }) => {
      const signal = soon(random, 100);
      let read = 0;
      for await (const rows of source.stream(dialect.numbers(2_000, tag), { batchRows: 10, signal })) {
        checkRows(rows, tag, read + 1);
        read += rows.length;
        await pause(5);
      }
    },
  },
  {
    name: "time out",
    fails: ["STATEMENT_TIMEOUT"],
    run: async ({ source, dialect, random, tag }) => {
      await source.query(dialect.sleep(5, tag), { statementTimeoutMs: random.between(20, 200) });
    },
  },
  {
    name: "reader that pauses too long",
    fails: ["IDLE_TIMEOUT"],
    run: async ({ source, dialect, tag }) => {
      let read = 0;
      const options = { batchRows: 10, idleTimeoutMs: 30 };
      for await (const rows of source.stream(dialect.numbers(1_000, tag), options)) {
        checkRows(rows, tag, read + 1);
        read += rows.length;
        await pause(100);
      }
    },
  },
  {
    name: "bad SQL",
    fails: ["SYNTAX"],
    run: async ({ source, dialect }) => {
      await source.query(dialect.syntaxError);
    },
  },
  {
    name: "refused write",
    fails: ["READ_ONLY"],
    run: async ({ source, dialect, tag }) => {
      await source.query(dialect.insert(logTable, tag));
    },
  },
  {
    name: "write",
    writes: true,
    run: async ({ source, dialect, tag }) => {
      await source.query(dialect.insert(logTable, tag), { readOnly: false });
    },
  },
  {
    name: "write that may be aborted",
    writes: true,
    run: async ({ source, dialect, random, tag }) => {
      await source.query(dialect.insert(logTable, tag), { readOnly: false, signal: soon(random, 30) });
    },
  },
  {
    name: "transaction",
    run: async ({ source, dialect, tag }) => {
      if (!source.capabilities.transaction) return;
      await source.transaction(async (transaction) => {
        const first = await transaction.query(dialect.numbers(3, `${tag}a`));
        checkRows(first.rows, `${tag}a`, 1);
        const second = await transaction.query(dialect.numbers(4, `${tag}b`));
        checkRows(second.rows, `${tag}b`, 1);
      });
    },
  },
];
