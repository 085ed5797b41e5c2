import {
  isDataSourceError,
  sql,
  type Column,
  type DataSource,
  type DataSourceError,
  type DataSourceOptions,
  type ErrorCode,
  type QueryStream,
  type SqlFragment,
} from "@org/data-source-core";
import { randomUUID } from "node:crypto";
import { afterAll, expect, test } from "vitest";
import type { Harness } from "./harness.ts";

type Flag = "session" | "transaction" | "savepoint" | "atomicBatch" | "estimate" | "namedParams";

/** What a case works with. Everything made here is closed after the case. */
export interface Tools {
  readonly harness: Harness;
  create(options?: DataSourceOptions): DataSource;
  /** Tracks a data source that was made otherwise. */
  track(source: DataSource): DataSource;
  /** A read-write data source with few connections. */
  writable(options?: DataSourceOptions): DataSource;
  /** A table with one row, id 1 and name `one`. */
  table(): Promise<Table>;
  /** Ends the case; its name and the reason are printed at the end. */
  skip(reason: string): void;
  /** Skips for a capability that is missing. */
  requires(source: DataSource, flag: Flag): void;
  /** Skips for a part that the harness leaves out. */
  needs<T>(part: T | undefined, what: string): T;
}

export interface Table {
  readonly name: string;
  readonly fragment: SqlFragment;
  /** Its rows as the server has them now, by id. */
  rows(): Promise<{ id: bigint; name: string | null }[]>;
}

export interface Suite {
  readonly harness: Harness;
  test(name: string, work: (tools: Tools) => Promise<void>): void;
}

/** Names and assertions come from the areas. */
const register: typeof test = test;

/** Registers cases with vitest, and at the end says by name what was not run. */
export function createSuite(harness: Harness): Suite {
  const names = new Set<string>();
  const skipped = new Map<string, string>();
  afterAll(() => {
    for (const [name, reason] of skipped) process.stdout.write(`${harness.name}: not run: ${name} (${reason})\n`);
    const unknown = Object.keys(harness.skip ?? {}).filter((name) => !names.has(name));
    expect(unknown, "skip names cases that do not exist").toEqual([]);
  });
  return {
    harness,
    test: (name, work) => {
      if (names.has(name)) throw new Error(`two cases are called ${name}`);
      names.add(name);
      register(name, async (context) => {
        const skip = (reason: string): never => {
          skipped.set(name, reason);
          return context.skip(reason);
        };
        const reason = harness.skip?.[name];
        if (reason !== undefined) skip(reason);
        const made: DataSource[] = [];
        const cleanups: (() => Promise<unknown>)[] = [];
        try {
          await work(createTools(harness, made, cleanups, skip));
        } finally {
          for (const cleanup of cleanups.toReversed()) await cleanup();
          await Promise.all(made.map((source) => source.close()));
        }
      });
    },
  };
}

function createTools(
  harness: Harness,
  made: DataSource[],
  cleanups: (() => Promise<unknown>)[],
  skip: (reason: string) => never,
): Tools {
  const track = (source: DataSource): DataSource => {
    made.push(source);
    return source;
  };
  const create = (options?: DataSourceOptions): DataSource => track(harness.create(options));
  const writable = (options?: DataSourceOptions): DataSource => create({ access: "read-write", ...options });
  return {
    harness,
    create,
    track,
    writable,
    skip,
    table: async () => {
      const source = writable({ pool: { max: 2 } });
      const name = `conf_${randomUUID().slice(0, 8)}`;
      const fragment = sql.identifier(name);
      await source.query(harness.sql.createTable(fragment), { readOnly: false });
      cleanups.push(() => source.query(sql`drop table if exists ${fragment}`, { readOnly: false }));
      await source.query(sql`insert into ${fragment} (id, name) values (1, 'one')`, { readOnly: false });
      const rows = async (): Promise<{ id: bigint; name: string | null }[]> => {
        const result = await source.query<{ id: bigint; name: string | null }>(
          sql`select id, name from ${fragment} order by id`,
        );
        return result.rows;
      };
      return { name, fragment, rows };
    },
    requires: (source, flag) => {
      if (!source.capabilities[flag]) skip(`capabilities.${flag} is false`);
    },
    needs: (part, what) => part ?? skip(`the engine has no ${what}`),
  };
}

/** The DataSourceError that `work` must reject with; it must be of one of these codes. */
export async function failure(work: Promise<unknown>, ...codes: ErrorCode[]): Promise<DataSourceError> {
  let value: unknown;
  try {
    value = await work;
  } catch (error) {
    if (!isDataSourceError(error))
      throw new Error("rejected with an error that is no DataSourceError", { cause: error });
    if (codes.length > 0 && !codes.includes(error.code)) {
      throw new Error(`rejected with ${error.code} instead of ${codes.join(" or ")}: ${error.message}`, {
        cause: error,
      });
    }
    return error;
  }
  throw new Error(`fulfilled instead of being rejected (${codes.join(" or ")}): ${typeof value}`);
}

/** Starts a stream; what `stream()` itself throws, for a wrong request or option, rejects as well. */
export async function columnsOf(stream: () => QueryStream<unknown>): Promise<readonly Column[]> {
  return stream().columns();
}

/** Polls the server's view until it is as expected; fails after `boundMs`. */
export async function eventually(
  view: () => Promise<number>,
  expected: (value: number) => boolean,
  boundMs: number,
  what: string,
): Promise<void> {
  const end = performance.now() + boundMs;
  for (;;) {
    const value = await view();
    if (expected(value)) return;
    if (performance.now() > end) throw new Error(`${what}: still ${value} after ${boundMs} ms`);
    await pause(10);
  }
}

/** Waits until the connections of earlier cases are gone: a server may notice some time after the client has closed. */
export async function untilNoneOpen(openConnections: () => Promise<number>): Promise<void> {
  await eventually(openConnections, (open) => open === 0, 5000, "connections of earlier cases");
}

/** How soon the server must be idle after a cancel. */
const cancelBoundMs = 500;

/** Waits until the statement with this marker runs on the server. */
export async function untilRunning({ observe }: Harness, marker: string, count = 1): Promise<void> {
  await eventually(
    () => observe.activeStatements(marker),
    (value) => value >= count,
    15_000,
    `running ${marker}`,
  );
}

/** Waits until no statement with this marker runs any more. */
export async function untilStopped(
  { observe }: Harness,
  marker: string,
  boundMs: number = cancelBoundMs,
): Promise<void> {
  await eventually(
    () => observe.activeStatements(marker),
    (value) => value === 0,
    boundMs,
    `stopping ${marker}`,
  );
}

export function marker(): string {
  return `mark_${randomUUID().replaceAll("-", "").slice(0, 12)}`;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A read of 1, as the sign that a source still works. */
export async function expectWorks(source: Pick<DataSource, "query">): Promise<void> {
  const { rows } = await source.query<[unknown]>({ text: "select 1 as one", rowMode: "array" });
  expect(rows).toEqual([[1n]]);
}

/** What `numbers` gives. */
export function numbersFrom(start: number, end: number): bigint[] {
  return Array.from({ length: end - start + 1 }, (_, index) => BigInt(start + index));
}
