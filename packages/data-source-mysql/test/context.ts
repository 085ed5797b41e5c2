import type { DataSource, DataSourceEvent, DataSourceError } from "@org/data-source-core";
import { isDataSourceError } from "@org/data-source-core";
import { afterAll, afterEach } from "vitest";
import { createMySqlDataSource, type MySqlDataSourceOptions } from "../src/index.ts";
import { series } from "./series.ts";
import { openObserver, type Observer } from "./observer.ts";
import { startMySqlServer, type MySqlServer } from "@org/warehouse-emulators/mysql";

/** A server, somebody to look at it, and data sources that are closed after each test. */
export interface Context {
  readonly server: MySqlServer;
  readonly observer: Observer;
  readonly source: (own?: MySqlDataSourceOptions) => DataSource;
  readonly writable: (own?: MySqlDataSourceOptions) => DataSource;
  /** A table of the numbers from 1 to `count`, in a column `seq`. */
  readonly series: (count: number) => string;
}

export async function createContext(): Promise<Context> {
  const server = await startMySqlServer();
  const observer = await openObserver(server);
  const made: DataSource[] = [];
  const source = (own?: MySqlDataSourceOptions): DataSource => {
    const created = createMySqlDataSource({ ...server.options, ...own });
    made.push(created);
    return created;
  };
  afterEach(async () => {
    await Promise.all(made.splice(0).map((each) => each.close()));
  });
  afterAll(async () => {
    await observer.close();
    await server.close();
  });
  return {
    server,
    observer,
    source,
    writable: (own) => source({ access: "read-write", ...own }),
    series: (count) => series(server.isMariaDb, count),
  };
}

/** The DataSourceError that `work` rejects with. */
export async function failure(work: Promise<unknown>): Promise<DataSourceError> {
  const value = await work.then(
    () => "it fulfilled",
    (error: unknown) => error,
  );
  if (isDataSourceError(value)) return value;
  throw new Error("rejected with something else than a DataSourceError", { cause: value });
}

/** Polls the server until it is as expected; fails after `boundMs`. */
export async function until(condition: () => Promise<boolean>, boundMs = 15_000): Promise<number> {
  const started = performance.now();
  for (;;) {
    const met = await condition();
    const took = performance.now() - started;
    if (met) return took;
    if (took > boundMs) throw new Error(`still not so after ${boundMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export function recorded(): { readonly events: DataSourceEvent[]; readonly onEvent: (event: DataSourceEvent) => void } {
  const events: DataSourceEvent[] = [];
  return { events, onEvent: (event) => events.push(event) };
}

export const write = { readOnly: false } as const;
