import { ConfigurationError, DataSourceError } from "@org/data-source-core";
import { createDeadline, type Deadline, type Redactor } from "@org/data-source-core/adapter";
import { type Connection, type ConnectionOptions, loadDriver } from "./driver.ts";
import { toDataSourceError } from "./error-map.ts";
import { expiryOf } from "./expiry.ts";
import { type ConnectionSource, isConnection, type LoginOptions } from "./options.ts";

export interface OpenerSettings {
  readonly source: ConnectionSource;
  readonly connectTimeoutMs: number;
  readonly redact: Redactor;
}

/** Opens connections, each within `connectTimeoutMs`; one that comes later is closed, not leaked. */
export function createOpener({ source, connectTimeoutMs, redact }: OpenerSettings): () => Promise<Connection> {
  return async () => {
    if (source.kind === "fixed") return source.connection;
    using deadline = createDeadline({ timeoutMs: connectTimeoutMs, kind: "snowflake", code: "CONNECT_TIMEOUT" });
    const opening = source.kind === "factory" ? callFactory(source.create) : logIn(source.options, deadline, redact);
    try {
      return await deadline.race(opening);
    } catch (error) {
      if (deadline.signal.aborted) opening.then(destroy, () => undefined);
      if (source.kind === "factory") throw factoryError(error, deadline, redact);
      throw toDataSourceError(error, { redact });
    }
  };
}

/** Ends a session on the server; its errors say only that there is nothing left to end. */
export function destroy(connection: Connection): Promise<void> {
  return new Promise((resolve) => {
    try {
      connection.destroy(() => resolve());
    } catch {
      resolve();
    }
  });
}

async function callFactory(create: () => Promise<Connection>): Promise<Connection> {
  const connection: unknown = await create();
  if (!isConnection(connection)) {
    throw new ConfigurationError("connectionFactory must give a connection of snowflake-sdk", "connectionFactory");
  }
  return connection;
}

function factoryError(error: unknown, deadline: Deadline, redact: Redactor): DataSourceError {
  if (error instanceof ConfigurationError) return error;
  const cause = toDataSourceError(error, { redact });
  const what = deadline.signal.aborted ? "gave no connection in time" : "failed";
  const { sqlState, nativeCode } = cause;
  return new DataSourceError({
    code: cause.code === "QUERY_FAILED" || cause.code === "SESSION_LOST" ? "CONNECTION" : cause.code,
    kind: "snowflake",
    message: `connectionFactory ${what}: ${cause.message}`,
    sqlState,
    nativeCode,
    hint: "The next call asks it again.",
    cause,
  });
}

async function logIn(options: LoginOptions, deadline: Deadline, redact: Redactor): Promise<Connection> {
  const { connection, tokenProvider } = options;
  if (tokenProvider === undefined) return connect(connection, options.wantsTelemetry);
  const attempt = async (): Promise<{ token: string; result: Connection | Error }> => {
    const { accessToken: token } = await tokenProvider.getToken({ signal: deadline.signal });
    redact.add(token);
    const result = await connect({ ...connection, token }, options.wantsTelemetry).catch((error: Error) => error);
    return { token, result };
  };
  const first = await attempt();
  if (!(first.result instanceof Error)) return first.result;
  if (expiryOf(first.result) !== "refresh-credentials") throw first.result;
  // The token was refused, whatever its provider thought of it: ask for another, once.
  tokenProvider.invalidate?.(first.token);
  const second = await attempt();
  if (second.result instanceof Error) throw second.result;
  return second.result;
}

async function connect(options: ConnectionOptions, wantsTelemetry: boolean): Promise<Connection> {
  // The driver writes into the options that it is given.
  const connection = loadDriver(wantsTelemetry).createConnection({ ...options });
  const isBrowser = options.authenticator === "EXTERNALBROWSER";
  try {
    await new Promise<void>((resolve, reject) => {
      const done = (error?: Error | null): void => (error ? reject(error) : resolve());
      if (isBrowser) connection.connectAsync(done).catch(reject);
      else connection.connect(done);
    });
  } catch (error) {
    void destroy(connection);
    throw error;
  }
  // Its heartbeat timer must not keep the process alive: nobody awaits it.
  (connection as { keepalive?: NodeJS.Timeout }).keepalive?.unref();
  return connection;
}
