import type { DataSource } from "@org/data-source-core";
import { createLifecycle, createRedactor, principalKey } from "@org/data-source-core/adapter";
import { capabilities } from "./capabilities.ts";
import { createConnection } from "./connection.ts";
import { notWritten } from "./error-map.ts";
import { createIntrospect } from "./introspection.ts";
import { type AcmeDataSourceOptions, resolveOptions } from "./options.ts";
import { createQuery } from "./query.ts";
import { createStream } from "./stream.ts";

const kind = "acme";

/** Composes the roles; whatever they share is made here, once. */
export function composeDataSource(given: AcmeDataSourceOptions): DataSource {
  const options = resolveOptions(given);
  const { access, host, user, password, closeTimeoutMs } = options;
  const redact = createRedactor([password]);
  const connection = createConnection(options, redact);
  const lifecycle = createLifecycle({ kind, closeTimeoutMs });
  const close = (): Promise<void> => lifecycle.close(() => connection.close());
  return {
    kind,
    access,
    capabilities,
    cacheIdentity: options.cacheIdentity ?? principalKey(kind, { host, user }),
    query: createQuery(connection),
    stream: createStream(connection),
    session: () => Promise.reject(notWritten("session")),
    transaction: () => Promise.reject(notWritten("transaction")),
    batch: () => Promise.reject(notWritten("batch")),
    introspect: createIntrospect(connection),
    estimate: () => Promise.reject(notWritten("estimate")),
    check: () => Promise.reject(notWritten("check")),
    close,
    [Symbol.asyncDispose]: close,
  };
}
