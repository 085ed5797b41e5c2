import { ConfigurationError, type DataSourceOptions } from "@org/data-source-core";
import {
  configurationChecks as check,
  createRedactor,
  type Redactor,
  resolveSourceOptions,
  type ResolvedSourceOptions,
  sourceOptionNames,
} from "@org/data-source-core/adapter";
import type { ConnectionOptions as TlsOptions } from "node:tls";

/**
 * Gives the password of a login; asked for each physical connection. `isRetry`: the server has just refused the last
 * answer, so whatever is cached must be renewed.
 */
export type PasswordSource = (request: { readonly isRetry: boolean }) => string | Promise<string>;

/** Where and as whom to connect. What is left out comes from the MYSQL_… variables. */
export interface MySqlDataSourceOptions extends DataSourceOptions {
  /** `mysql://user:password@host:port/database?ssl-mode=…` or `mariadb://…`; the options beside it win. */
  readonly url?: string;
  /** Default: MYSQL_HOST, then `localhost`. A path is a unix socket. */
  readonly host?: string;
  /** Default: MYSQL_TCP_PORT, then 3306. */
  readonly port?: number;
  /** Default: MYSQL_USER. */
  readonly user?: string;
  /** Default: MYSQL_PWD. A function is asked for each connection, for tokens of cloud identities. */
  readonly password?: string | PasswordSource;
  /** Default: MYSQL_DATABASE, then none: statements then name the schema themselves. */
  readonly database?: string;
  /**
   * TLS. Default true, except for a unix socket, this machine, or ssl-mode `DISABLED`. True always verifies the server's
   * certificate and name; an object adds settings such as `{ ca }`; false sends everything in the clear.
   */
  readonly ssl?: boolean | TlsOptions;
  /**
   * Whether the server may ask for the password itself (mysql_clear_password), as token logins do. Needs TLS that
   * verifies. Default: true when `password` is a function and TLS verifies, else false.
   */
  readonly clearPassword?: boolean;
  /** Variables to read instead of `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface ResolvedMySqlOptions extends ResolvedSourceOptions {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | PasswordSource | undefined;
  readonly database: string | undefined;
  readonly ssl: false | TlsOptions;
  readonly clearPassword: boolean;
  readonly redact: Redactor;
}

const names = [...sourceOptionNames, ..."url host port user password database ssl clearPassword env".split(" ")];

/** Checks every option and fills in what the environment says; throws a ConfigurationError that names the field. */
export function resolveOptions(options: MySqlDataSourceOptions): ResolvedMySqlOptions {
  check.object("options", options);
  check.known(options, names);
  const env = options.env ?? process.env;
  const url = parseUrl(options.url);
  const text = (field: "host" | "user" | "database"): string | undefined => {
    const value = options[field];
    return value === undefined ? undefined : check.string(field, value);
  };
  const host = text("host") ?? url.host ?? presence(env["MYSQL_HOST"]) ?? "localhost";
  const user = text("user") ?? url.user ?? presence(env["MYSQL_USER"]);
  if (user === undefined) {
    throw new ConfigurationError("user is missing: pass user, put it into url, or set MYSQL_USER", "user");
  }
  const password = passwordOf(options.password) ?? url.password ?? env["MYSQL_PWD"];
  const ssl = sslOf(options.ssl, url.sslMode, host);
  return {
    ...resolveSourceOptions(options),
    host,
    port: portOf(options.port ?? url.port ?? presence(env["MYSQL_TCP_PORT"])),
    user,
    password,
    database: text("database") ?? url.database ?? presence(env["MYSQL_DATABASE"]),
    ssl,
    clearPassword: clearPasswordOf(options.clearPassword, typeof password === "function", verifies(ssl)),
    redact: createRedactor([typeof password === "string" ? password : undefined]),
  };
}

interface UrlParts {
  readonly host?: string | undefined;
  readonly port?: string | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly database?: string | undefined;
  readonly sslMode?: string | undefined;
}

/** Its text never appears in an error: it holds the password. */
function parseUrl(url: string | undefined): UrlParts {
  if (url === undefined) return {};
  const parsed = URL.canParse(check.string("url", url)) ? new URL(url) : undefined;
  if (!parsed || !/^(?:mysql|mariadb):$/.test(parsed.protocol)) {
    throw new ConfigurationError("url must look like mysql://user:password@host:3306/database", "url");
  }
  for (const name of parsed.searchParams.keys()) {
    if (name !== "ssl-mode") throw new ConfigurationError(`url: ${name} is not supported; known: ssl-mode`, "url");
  }
  const decoded = (part: string): string | undefined => {
    try {
      return part === "" ? undefined : decodeURIComponent(part);
    } catch {
      throw new ConfigurationError(
        "url has a % that is not followed by two hexadecimal digits: write it as %25",
        "url",
      );
    }
  };
  return {
    host: decoded(parsed.hostname.replace(/^\[(.*)\]$/, "$1")),
    port: decoded(parsed.port),
    user: decoded(parsed.username),
    password: decoded(parsed.password),
    database: decoded(parsed.pathname.slice(1)),
    sslMode: parsed.searchParams.get("ssl-mode") ?? undefined,
  };
}

function presence(value: string | undefined): string | undefined {
  return value === "" ? undefined : value;
}

function portOf(value: number | string | undefined): number {
  if (value === undefined) return 3306;
  const port = typeof value === "string" ? Number(value) : value;
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new ConfigurationError("port must be a whole number from 1 to 65535", "port");
}

function passwordOf(value: MySqlDataSourceOptions["password"]): string | PasswordSource | undefined {
  if (value === undefined || typeof value === "string") return value;
  return check.func("password", value) as PasswordSource;
}

const modes = ["DISABLED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"] as const;

function sslOf(ssl: MySqlDataSourceOptions["ssl"], mode: string | undefined, host: string): false | TlsOptions {
  if (ssl === false) return false;
  if (ssl === true) return {};
  if (ssl !== undefined) return check.object("ssl", ssl);
  if (mode !== undefined) return check.oneOf("ssl-mode", mode.toUpperCase(), modes) === "DISABLED" ? false : {};
  return isLocal(host) ? false : {};
}

function isLocal(host: string): boolean {
  return host.startsWith("/") || host === "localhost" || host === "::1" || host.startsWith("127.");
}

function verifies(ssl: false | TlsOptions): boolean {
  return ssl !== false && ssl.rejectUnauthorized !== false;
}

function clearPasswordOf(value: boolean | undefined, isFunction: boolean, isVerified: boolean): boolean {
  if (value === undefined) return isFunction && isVerified;
  if (!check.boolean("clearPassword", value) || isVerified) return value;
  throw new ConfigurationError(
    "clearPassword needs ssl that verifies the server: without it anybody on the way could read the password",
    "clearPassword",
  );
}
