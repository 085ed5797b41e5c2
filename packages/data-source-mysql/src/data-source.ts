import type { DataSource } from "@org/data-source-core";
import {
  createInstrument,
  createLifecycle,
  createSummarizer,
  createTransactionalBatch,
  principalKey,
} from "@org/data-source-core/adapter";
import { capabilitiesOf } from "./capabilities.ts";
import { createCheck } from "./check.ts";
import type { ServerInfo } from "./server-info.ts";
import { createConnections } from "./connections.ts";
import { createEstimate } from "./estimate.ts";
import { createIntrospect } from "./introspection.ts";
import { type MySqlDataSourceOptions, resolveOptions } from "./options.ts";
import { writeTimeout } from "./query.ts";
import { createQuery, type Engine, type Place, resolveQuery } from "./queryable.ts";
import { classify } from "./read-only.ts";
import { createSession } from "./session.ts";
import { createStream } from "./stream.ts";
import { createTransaction } from "./transaction.ts";
import { createTypeMap } from "./type-map.ts";

const kind = "mysql";

export function composeDataSource(given: MySqlDataSourceOptions): DataSource {
  const options = resolveOptions(given);
  const { access, defaults, host, port, user, database, integers, json, telemetry, redact, onEvent } = options;
  let server: ServerInfo | undefined;
  const instrument = createInstrument({
    // Nobody knows before the first connection.
    system: () => server?.flavour ?? "mysql",
    ...(database !== undefined && { namespace: database }),
    serverAddress: host,
    serverPort: port,
    ...telemetry,
    summarize: createSummarizer(classify),
  });
  const lifecycle = createLifecycle({ kind, closeTimeoutMs: options.closeTimeoutMs });
  const connections = createConnections(options, instrument, (found) => {
    server = found;
  });
  const engine: Engine = {
    lifecycle,
    instrument,
    onEvent,
    redact,
    types: createTypeMap(options),
    writeTimeoutMs: writeTimeout(defaults.idleTimeoutMs),
  };
  const place: Place = {
    scope: { kind, access, defaults },
    lease: async (deadline) => {
      const connection = await connections.acquire(deadline);
      return { connection, end: () => connection.settle().then(() => connections.release(connection)) };
    },
    statements: { inSession: false, inTransaction: false },
    signals: [],
    canReplay: true,
    onError: (error) => error,
  };
  const transaction = createTransaction(engine, place);
  const inTransaction: Place = { ...place, statements: { inSession: false, inTransaction: true } };
  const close = (): Promise<void> => lifecycle.close(connections.close);
  // A function may give anybody's token.
  const principal =
    typeof options.password === "function"
      ? undefined
      : principalKey(kind, { host, port, user, database, integers, json });
  return {
    kind,
    access,
    get capabilities() {
      return capabilitiesOf(server);
    },
    cacheIdentity: options.cacheIdentity ?? principal,
    query: createQuery(engine, place),
    stream: createStream(engine, place),
    session: createSession(engine, place),
    transaction,
    batch: createTransactionalBatch(transaction, (request, options) => resolveQuery(request, options, inTransaction)),
    introspect: createIntrospect(engine, place, () => server?.flavour ?? "mysql"),
    estimate: createEstimate(engine, place),
    check: createCheck(engine, place, connections, options),
    close,
    [Symbol.asyncDispose]: close,
  };
}
