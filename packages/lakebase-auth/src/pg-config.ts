import { readVariable } from "./environment.ts";
import { ConfigurationError, ValidationError } from "./errors.ts";
import { checkOptions, environmentOf, PROVIDER_FIELDS, type ProviderOptions } from "./options.ts";
import { type PasswordProvider, passwordProvider } from "./password-provider.ts";
import { resolveSsl, type SslMode, type SslOptions } from "./ssl.ts";
import { findUsername } from "./username.ts";
import { checkBoolean } from "./validate.ts";

/** Where to connect, besides how to obtain the password. Each has its libpq variable. */
export interface ConnectionOptions extends ProviderOptions {
  /** Default: PGHOST. */
  readonly host?: string;
  /** Default: PGPORT, then 5432. */
  readonly port?: number;
  /** Default: PGDATABASE, then "databricks_postgres". */
  readonly database?: string;
  /** The Postgres role. Default: PGUSER, then DATABRICKS_CLIENT_ID; see `getUsernameWithApiLookup`. */
  readonly user?: string;
  /** Default: PGSSLMODE, then "verify-full". All but "disable" verify the certificate. */
  readonly sslMode?: SslMode;
  /** TLS settings to add, such as `{ ca }`. */
  readonly ssl?: boolean | SslOptions;
  /** Allows connections that do not protect the token: no TLS, or unverified. Default false. */
  readonly allowCleartext?: boolean;
}

/** What `pg.Pool` and `pg.Client` take, and what stops the renewal. */
export interface PgConfig extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: PasswordProvider;
  readonly ssl: false | SslOptions;
  readonly application_name?: string;
  /** Stops the background renewal; call it after the pool's `end()`. */
  readonly close: () => Promise<void>;
}

export const CONNECTION_FIELDS: readonly string[] = [
  ...PROVIDER_FIELDS,
  "host",
  "port",
  "database",
  "user",
  "sslMode",
  "ssl",
  "allowCleartext",
];

/**
 * The configuration for a `pg` pool or client, whose password is always a valid credential.
 *
 * @param options - Unset ones come from the environment, as Databricks Apps set it. Throws a
 * ConfigurationError or a ValidationError that names what is missing or malformed.
 *
 * @example
 * ```ts
 * import { getPgConfig } from "@org/lakebase-auth";
 * import { Pool } from "pg";
 *
 * const config = getPgConfig();
 * const pool = new Pool({ ...config, max: 20 });
 * await pool.query("select 1");
 * await pool.end();
 * await config.close();
 * ```
 */
export function getPgConfig(options: ConnectionOptions = {}): PgConfig {
  checkOptions(options, CONNECTION_FIELDS);
  const { ssl, ...connection } = resolveConnection(options);
  if (connection.host.includes(","))
    throw new ValidationError(
      options.host === undefined ? "PGHOST" : "host",
      "expected one host: pg does not try several",
    );
  const password = passwordProvider(options);
  const { close } = password;
  return { ...connection, ssl, password, close, [Symbol.asyncDispose]: close };
}

interface Connection {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly ssl: false | SslOptions;
  readonly application_name?: string;
}

/** @internal */
export function resolveConnection(options: ConnectionOptions): Connection {
  const env = environmentOf(options);
  const host = resolveHost(options.host, readVariable(env, "PGHOST"));
  const user = findUsername(options);
  if (user === undefined)
    throw new ConfigurationError(
      "No Postgres role: set PGUSER or DATABRICKS_CLIENT_ID, or pass user: await getUsernameWithApiLookup().",
    );
  const applicationName = readVariable(env, "PGAPPNAME");
  const { sslMode, ssl, allowCleartext = false } = options;
  checkBoolean("allowCleartext", allowCleartext);
  return {
    host,
    port: resolvePort(options.port, readVariable(env, "PGPORT")),
    database: resolveDatabase(options.database, readVariable(env, "PGDATABASE")),
    user,
    ssl: resolveSsl({ host, sslMode, ssl, allowCleartext, env }),
    ...(applicationName !== undefined && { application_name: applicationName }),
  };
}

function resolveHost(option: unknown, variable: string | undefined): string {
  const field = option === undefined ? "PGHOST" : "host";
  const host = option ?? variable;
  if (host === undefined)
    throw new ConfigurationError("No host: set PGHOST, or the option host, to the endpoint's host name.");
  if (typeof host !== "string" || host === "" || /[\s/@]/.test(host))
    throw new ValidationError(field, "expected a host name such as ep-1.database.example.com, without scheme or path");
  return host;
}

function resolveDatabase(option: unknown, variable: string | undefined): string {
  const database = option ?? variable ?? "databricks_postgres";
  if (typeof database !== "string" || database.trim() === "")
    throw new ValidationError("database", "expected the name of a database");
  return database;
}

function resolvePort(option: unknown, variable: string | undefined): number {
  const field = option === undefined ? "PGPORT" : "port";
  const port = option ?? (variable === undefined ? 5432 : Number(variable));
  if (typeof port !== "number" || !Number.isInteger(port) || port < 1 || port > 65_535)
    throw new ValidationError(field, "expected a port, 1 to 65535");
  return port;
}
