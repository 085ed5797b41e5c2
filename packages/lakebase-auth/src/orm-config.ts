import { checkOptions } from "./options.ts";
import { passwordProvider, type PasswordProvider } from "./password-provider.ts";
import { CONNECTION_FIELDS, type ConnectionOptions, resolveConnection } from "./pg-config.ts";
import type { SslOptions } from "./ssl.ts";
import { createSocketFactory, type SocketFactory } from "./postgres-js-socket.ts";

/** What postgres.js, drizzle, TypeORM, Sequelize and Kysely take, under the names that each reads. */
export interface OrmConfig extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** The same as `user`, for TypeORM and Sequelize. */
  readonly username: string;
  readonly password: PasswordProvider;
  readonly ssl: false | SslOptions;
  readonly application_name?: string;
  /** Read by postgres.js only: it makes a failed mint the query's error. */
  readonly socket: SocketFactory;
  /** Stops the background renewal, where there is one. */
  readonly close: () => Promise<void>;
}

/**
 * The configuration for postgres.js and for ORMs that take connection parameters instead of a pool.
 * Credentials are renewed lazily, so that a config that nobody closes costs nothing; TLS is verified.
 *
 * @param options - As for `getPgConfig`.
 *
 * @example
 * ```ts
 * import { getOrmConfig } from "@org/lakebase-auth";
 * import { drizzle } from "drizzle-orm/postgres-js";
 * import postgres from "postgres";
 *
 * const sql = postgres(getOrmConfig());
 * const db = drizzle(sql);
 * ```
 */
export function getOrmConfig(options: ConnectionOptions = {}): OrmConfig {
  checkOptions(options, CONNECTION_FIELDS);
  const { ssl, ...connection } = resolveConnection(options);
  const provider = passwordProvider({ ...options, refresh: options.refresh ?? "lazy" });
  const { socket, password } = createSocketFactory(provider);
  const { close } = provider;
  return {
    ...connection,
    username: connection.user,
    ssl,
    password,
    socket,
    close,
    [Symbol.asyncDispose]: close,
  };
}
