import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import { createCatalog, type EmulatedCatalog } from "./catalog.ts";
import type { SessionNames } from "./dialect.ts";
import { createEngineSession, type EngineSession } from "./engine-session.ts";
import type { EmulatedGrant } from "./options.ts";

/** The data of the one database `DEMO`, whose schema `PUBLIC` every session begins in. */
export interface Engine {
  readonly catalog: EmulatedCatalog;
  readonly roles: Readonly<Record<string, readonly EmulatedGrant[]>>;
  readonly now: () => number;
  connect(): Promise<DuckDBConnection>;
  withConnection<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T>;
  /** One change at a time. */
  exclusive<T>(work: () => Promise<T>): Promise<T>;
  openSession(names: Omit<SessionNames, "variables">): EngineSession;
  close(): void;
}

export async function createEngine(options: {
  readonly roles: Readonly<Record<string, readonly EmulatedGrant[]>>;
  readonly now: () => number;
}): Promise<Engine> {
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const setup = await instance.connect();
  await setup.run(`attach ':memory:' as "DEMO"; create schema "DEMO"."PUBLIC"`);
  setup.closeSync();
  let changes: Promise<unknown> = Promise.resolve();
  const connect = async (): Promise<DuckDBConnection> => {
    const connection = await instance.connect();
    await connection.run('use "DEMO"."PUBLIC"');
    return connection;
  };
  const engine: Engine = {
    ...options,
    catalog: createCatalog(),
    connect,
    withConnection: async (work) => {
      const connection = await connect();
      try {
        return await work(connection);
      } finally {
        connection.closeSync();
      }
    },
    exclusive: (work) => {
      const result = changes.then(work);
      changes = result.catch(() => undefined);
      return result;
    },
    openSession: (names) => createEngineSession(engine, names),
    close: () => instance.closeSync(),
  };
  return engine;
}
