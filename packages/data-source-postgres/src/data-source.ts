import type { DataSource } from "@org/data-source-core";
import {
  createInstrument,
  createLifecycle,
  createSummarizer,
  isPatched,
  principalKey,
} from "@org/data-source-core/adapter";
import { Client } from "pg";
import { capabilitiesOf } from "./capabilities.ts";
import { createConnections } from "./connection.ts";
import { type PostgresDataSourceOptions, resolveOptions } from "./options.ts";
import { createQuery, type Engine, type Place } from "./queryable.ts";
import { classify } from "./read-only.ts";
import { createTypeMap } from "./type-map.ts";

const kind = "postgres";

export function composeDataSource(
  given: PostgresDataSourceOptions,
): Pick<DataSource, "kind" | "access" | "capabilities" | "cacheIdentity" | "query" | "close"> & AsyncDisposable {
  const options = resolveOptions(given);
  const { access, defaults, host, port, user, database, telemetry } = options;
  const instrument = createInstrument({
    system: options.flavour === "redshift" ? "aws.redshift" : "postgresql",
    namespace: database,
    serverAddress: host,
    serverPort: port,
    ...telemetry,
    summarize: createSummarizer(classify),
    standsDown: () => isPatched(Client.prototype.query),
  });
  const lifecycle = createLifecycle({ kind, closeTimeoutMs: options.closeTimeoutMs });
  const connections = createConnections({
    ...options,
    ...options.pool,
    retriesTransient: options.isLakebase,
    instrument,
  });
  const engine: Engine = { lifecycle, instrument, types: createTypeMap(options), redact: options.redact };
  const place: Place = {
    scope: { kind, access, defaults },
    lease: async (deadline) => {
      const connection = await connections.acquire(deadline);
      return { connection, end: () => connection.release() };
    },
    guard: (readOnly) => (readOnly ? "read" : "write"),
    statements: (readOnly) => (readOnly ? "read" : "write"),
    canReplay: true,
  };
  const close = (): Promise<void> => lifecycle.close(connections.close);
  return {
    kind,
    access,
    capabilities: capabilitiesOf(options),
    cacheIdentity: options.cacheIdentity ?? principalKey(kind, { host, port, user, database }),
    query: createQuery(engine, place),
    close,
    [Symbol.asyncDispose]: close,
  };
}
