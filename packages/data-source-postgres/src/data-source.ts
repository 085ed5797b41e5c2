import type { ArrayRequest, DataSource, QueryResult, Request, Row } from "@org/data-source-core";
import {
  createDeadlines,
  createLifecycle,
  createTransactionalBatch,
  principalKey,
} from "@org/data-source-core/adapter";
import { capabilitiesOf } from "./capabilities.ts";
import { createCheck } from "./check.ts";
import { createConnections } from "./connection.ts";
import { createEstimate } from "./estimate.ts";
import { createIntrospect } from "./introspection.ts";
import { type PostgresDataSourceOptions, resolveOptions } from "./options.ts";
import { createQuery, type Engine, type Place, type PostgresQueryOptions, resolveQuery } from "./queryable.ts";
import { createResultShapes } from "./result-shape.ts";
import { createSession } from "./session.ts";
import { createStream } from "./stream.ts";
import { createPostgresInstrument } from "./telemetry.ts";
import { createTransaction } from "./transaction.ts";
import { createTypeMap } from "./type-map.ts";

const kind = "postgres";

/** A DataSource whose `query` knows `transactional`. */
export interface PostgresDataSource extends DataSource {
  query<R extends readonly unknown[] = unknown[]>(
    request: ArrayRequest,
    options?: PostgresQueryOptions<R>,
  ): Promise<QueryResult<R>>;
  query<R = Row>(request: Request, options?: PostgresQueryOptions<R>): Promise<QueryResult<R>>;
}

export function composeDataSource(given: PostgresDataSourceOptions): PostgresDataSource {
  const options = resolveOptions(given);
  const { access, defaults, host, port, user, database, integers, json } = options;
  const instrument = createPostgresInstrument(options);
  options.refreshSpans?.start(instrument);
  const lifecycle = createLifecycle({ kind, closeTimeoutMs: options.closeTimeoutMs });
  const settings = { ...options, ...options.pool, retriesTransient: options.isLakebase, instrument };
  const connections = createConnections(settings);
  const { redact, onEvent } = options;
  const types = createTypeMap(options);
  const engine: Engine = {
    lifecycle,
    deadlines: createDeadlines(lifecycle.signal),
    instrument,
    onEvent,
    redact,
    preparedStatements: options.preparedStatements,
    types,
    shapes: createResultShapes(types),
  };
  const place: Place = {
    flavour: options.flavour,
    scope: { kind, access, defaults },
    lease: connections.acquire,
    guard: (readOnly) => (readOnly ? "read" : "write"),
    statements: (readOnly) => (readOnly ? "read" : "write"),
    signals: [],
    canReplay: true,
    onError: (error) => error,
  };
  const transaction = createTransaction(engine, place);
  const close = (): Promise<void> => lifecycle.close(connections.close);
  return {
    kind,
    access,
    capabilities: capabilitiesOf(options),
    cacheIdentity: options.cacheIdentity ?? principalKey(kind, { host, port, user, database, integers, json }),
    query: createQuery(engine, place),
    stream: createStream(engine, place),
    session: createSession(engine, place, options.pooler === "none"),
    transaction,
    batch: createTransactionalBatch(transaction, (request, options) => resolveQuery(request, options, place)),
    introspect: createIntrospect(engine, place, database),
    estimate: createEstimate(engine, place),
    check: createCheck(engine, place, settings),
    close,
    [Symbol.asyncDispose]: close,
  };
}
