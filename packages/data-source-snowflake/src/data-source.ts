import type { DataSource } from "@org/data-source-core";
import {
  createInstrument,
  createLifecycle,
  createSummarizer,
  createTransactionalBatch,
  type Deadline,
} from "@org/data-source-core/adapter";
import { capabilities } from "./capabilities.ts";
import { createCheck } from "./check.ts";
import { createConnections } from "./connection.ts";
import { createEstimate } from "./estimate.ts";
import { createIntrospect } from "./introspection.ts";
import { createOpener } from "./login.ts";
import { resolveOptions, type SnowflakeDataSourceOptions } from "./options.ts";
import { createQueryStatus, type QueryStatusOptions } from "./query-status.ts";
import { createQuery, type Engine, type Place, resolveQuery } from "./queryable.ts";
import { classify } from "./read-only.ts";
import { createRunner, type RunnerSettings } from "./runner.ts";
import { createSession } from "./session.ts";
import { createStream } from "./stream.ts";
import { createTransaction } from "./transaction.ts";
import { createTypeMap } from "./type-map.ts";
import { openUnit, type Unit } from "./unit.ts";

const kind = "snowflake";

/** A data source on Snowflake. */
export interface SnowflakeDataSource extends DataSource {
  /**
   * What became of a statement, by its query id, from any session of the same user: `RUNNING`, `SUCCESS`,
   * `FAILED_WITH_ERROR`, `ABORTED`…, or `NO_QUERY_DATA`. For after an OUTCOME_UNKNOWN.
   */
  queryStatus(queryId: string, options?: QueryStatusOptions): Promise<string>;
}

export function composeDataSource(given: SnowflakeDataSourceOptions): SnowflakeDataSource {
  const options = resolveOptions(given);
  const { access, defaults, telemetry, redact, onEvent, pool, address } = options;
  const instrument = createInstrument({
    system: "snowflake",
    ...(options.database !== undefined && { namespace: options.database }),
    ...(address && { serverAddress: address.host, serverPort: address.port }),
    ...telemetry,
    summarize: createSummarizer(classify),
  });
  const lifecycle = createLifecycle({ kind, closeTimeoutMs: options.closeTimeoutMs });
  const isOwner = options.source.kind !== "fixed";
  const connectionSettings = { open: createOpener(options), isOwner, pool, onEvent, instrument };
  const connections = createConnections(connectionSettings);
  const settings: RunnerSettings = { connections, canReconnect: isOwner, redact, onEvent };
  const engine: Engine = { lifecycle, instrument, onEvent, redact, types: createTypeMap(options) };
  const place: Place = {
    scope: { kind, access, defaults },
    run: createRunner(settings),
    statements: (readOnly) => (readOnly ? "read" : "write"),
    signals: [],
  };
  const transaction = createTransaction(engine, place, settings);
  const inTransaction: Place = { ...place, statements: (readOnly) => (readOnly ? "read" : "transaction") };
  const close = (): Promise<void> => lifecycle.close(connections.close);

  /** A connection of its own, so that the login is a new one. */
  const openForCheck = async (deadline: Deadline): Promise<Unit> => {
    const own = createConnections({ ...connectionSettings, pool: { ...pool, max: 1 } });
    const unit = await openUnit({ ...settings, connections: own }, deadline, "session").catch(
      async (error: unknown) => {
        await own.close();
        throw error;
      },
    );
    return {
      ...unit,
      end: async () => {
        await unit.end();
        await own.close();
      },
    };
  };
  return {
    kind,
    access,
    capabilities,
    cacheIdentity: options.cacheIdentity,
    query: createQuery(engine, place),
    stream: createStream(engine, place),
    session: createSession(engine, place, settings),
    transaction,
    batch: createTransactionalBatch(transaction, (request, options) => resolveQuery(request, options, inTransaction)),
    introspect: createIntrospect(engine, place),
    estimate: createEstimate(engine, place),
    check: createCheck(engine, place, options, openForCheck),
    queryStatus: createQueryStatus(engine, place, settings),
    close,
    [Symbol.asyncDispose]: close,
  };
}
