import { ConfigurationError, type DataSourceOptions } from "@org/data-source-core";
import {
  configurationChecks as check,
  createRedactor,
  type Redactor,
  resolveSourceOptions,
  type ResolvedSourceOptions,
  sourceOptionNames,
} from "@org/data-source-core/adapter";
import type { ConnectionOptions as LakebaseOptions } from "@org/lakebase-auth";
import type { ConnectionOptions as TlsOptions } from "node:tls";
import type { PasswordSource } from "./pool.ts";
import { resolveLakebase } from "./lakebase.ts";
import type { RefreshSpans } from "./telemetry.ts";

export type { LakebaseOptions };

export type Flavour = "postgres" | "redshift";

/** Where and as whom to connect. What is left out comes from the PG… variables, as libpq reads them. */
export interface PostgresDataSourceOptions extends DataSourceOptions {
  /** `postgres://user:password@host:port/database?sslmode=…`; the options beside it win. */
  readonly url?: string;
  /** Default: PGHOST, then `localhost`. A path is the directory of a unix socket. */
  readonly host?: string;
  /** Default: PGPORT, then 5432 (5439 for Redshift). */
  readonly port?: number;
  /** Default: PGUSER. */
  readonly user?: string;
  /** Default: PGPASSWORD. A function is asked at every login, for passwords that change. */
  readonly password?: string | (() => string | Promise<string>);
  /** Default: PGDATABASE, then the user's name. */
  readonly database?: string;
  /**
   * TLS. Default true, except for a unix socket, this machine, or sslmode `disable`. True always verifies the server's
   * certificate; an object adds settings such as `{ ca }`; false sends everything in the clear.
   */
  readonly ssl?: boolean | TlsOptions;
  /** What the server's activity view shows. Default: PGAPPNAME. */
  readonly applicationName?: string;
  /** `"lakebase"`, or the options of `@org/lakebase-auth`: passwords are minted, renewed and never stored. */
  readonly auth?: "lakebase" | LakebaseOptions;
  /**
   * Default `postgres`, or `redshift` for a URL that begins with `redshift:`. Redshift was never met: its SQL and its
   * messages were tested on Postgres, in the shape that its documentation and public drivers show. Read-only rests on
   * the statement's text, so the account should be granted no more than SELECT.
   */
  readonly flavour?: "postgres" | "redshift";
  /**
   * `transaction`: behind PgBouncer or another pooler that gives each transaction its own connection, so that sessions
   * are refused. Default `none`, or `transaction` for a Lakebase endpoint whose name ends in `-pooler`.
   */
  readonly pooler?: "none" | "transaction";
  /**
   * Default false. True: each connection keeps its latest 100 statements prepared on the server, so that one that comes
   * again is not parsed again. Not behind a transaction pooler or on Redshift.
   */
  readonly preparedStatements?: boolean;
  /** Variables to read instead of `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface ResolvedPostgresOptions extends ResolvedSourceOptions, Target {
  readonly flavour: Flavour;
  readonly pooler: "none" | "transaction";
  readonly preparedStatements: boolean;
  readonly isLakebase: boolean;
  readonly redact: Redactor;
}

const names = [
  ...sourceOptionNames,
  ..."url host port user password database ssl applicationName auth flavour pooler preparedStatements env".split(" "),
];

/** Lakebase closes connections after three days and its tokens live an hour; 45 minutes is its documented advice. */
const lakebaseLifetimeMs = 2_700_000;

/** Checks every option and fills in what the environment says; throws a ConfigurationError that names the field. */
export function resolveOptions(options: PostgresDataSourceOptions): ResolvedPostgresOptions {
  check.object("options", options);
  check.known(options, names);
  const flavour =
    options.flavour === undefined
      ? flavourOf(options.url)
      : check.oneOf("flavour", options.flavour, ["postgres", "redshift"]);
  const isLakebase = options.auth !== undefined;
  const target = isLakebase ? resolveLakebase(options) : resolveTarget(options, flavour);
  const pooler =
    options.pooler === undefined
      ? poolerOf(target.host)
      : check.oneOf("pooler", options.pooler, ["none", "transaction"]);
  const shared = resolveSourceOptions(
    options,
    // A Lakebase connection may first mint a credential and wake the endpoint up.
    isLakebase ? { connectTimeoutMs: 30_000, pool: { maxLifetimeMs: lakebaseLifetimeMs } } : {},
  );
  const secrets = typeof target.password === "string" ? [target.password] : [];
  const preparedStatements = preparedOf(options.preparedStatements, flavour, pooler);
  return { ...shared, ...target, flavour, pooler, preparedStatements, isLakebase, redact: createRedactor(secrets) };
}

/** Where to connect and how to log in. */
export interface Target {
  /** Of a Lakebase credential. */
  readonly refreshSpans?: RefreshSpans;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly password: string | PasswordSource | undefined;
  readonly ssl: false | TlsOptions;
  readonly applicationName: string | undefined;
}

function resolveTarget(options: PostgresDataSourceOptions, flavour: Flavour): Target {
  const env = options.env ?? process.env;
  const url = parseUrl(options.url);
  const text = (field: "host" | "user" | "database" | "applicationName"): string | undefined => {
    const value = options[field];
    return value === undefined ? undefined : check.string(field, value);
  };
  const host = text("host") ?? url.host ?? env["PGHOST"] ?? "localhost";
  const user = text("user") ?? url.user ?? env["PGUSER"];
  if (user === undefined || user === "") {
    throw new ConfigurationError("user is missing: pass user, put it into url, or set PGUSER", "user");
  }
  return {
    host,
    port: portOf(options.port ?? url.port ?? env["PGPORT"], flavour),
    user,
    database: text("database") ?? url.database ?? env["PGDATABASE"] ?? user,
    password: passwordOf(options.password) ?? url.password ?? env["PGPASSWORD"],
    ssl: sslOf(options.ssl, url.sslmode ?? env["PGSSLMODE"], host),
    applicationName: text("applicationName") ?? url.applicationName ?? env["PGAPPNAME"],
  };
}

interface UrlParts {
  readonly host?: string | undefined;
  readonly port?: string | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly database?: string | undefined;
  readonly sslmode?: string | undefined;
  readonly applicationName?: string | undefined;
}

/** Its text never appears in an error: it holds the password. */
function parseUrl(url: string | undefined): UrlParts {
  if (url === undefined) return {};
  const parsed = URL.canParse(check.string("url", url)) ? new URL(url) : undefined;
  if (!parsed || !/^(postgres|postgresql|redshift):$/.test(parsed.protocol)) {
    throw new ConfigurationError("url must look like postgres://user:password@host:5432/database", "url");
  }
  const known = new Set(["sslmode", "application_name", "host"]);
  for (const name of parsed.searchParams.keys()) {
    if (!known.has(name)) {
      throw new ConfigurationError(`url: ${name} is not supported; known: ${[...known].join(", ")}`, "url");
    }
  }
  const decoded = (part: string): string | undefined => (part === "" ? undefined : decodeURIComponent(part));
  return {
    host: parsed.searchParams.get("host") ?? decoded(parsed.hostname.replace(/^\[(.*)\]$/, "$1")),
    port: decoded(parsed.port),
    user: decoded(parsed.username),
    password: decoded(parsed.password),
    database: decoded(parsed.pathname.slice(1)),
    sslmode: parsed.searchParams.get("sslmode") ?? undefined,
    applicationName: parsed.searchParams.get("application_name") ?? undefined,
  };
}

function flavourOf(url: string | undefined): Flavour {
  return typeof url === "string" && url.startsWith("redshift:") ? "redshift" : "postgres";
}

function portOf(value: number | string | undefined, flavour: Flavour): number {
  if (value === undefined || value === "") return flavour === "redshift" ? 5439 : 5432;
  const port = typeof value === "string" ? Number(value) : value;
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new ConfigurationError("port must be a whole number from 1 to 65535", "port");
}

function passwordOf(value: PostgresDataSourceOptions["password"]): string | PasswordSource | undefined {
  if (value === undefined || typeof value === "string") return value;
  return check.func("password", value) as PasswordSource;
}

const modes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const;

function sslOf(ssl: PostgresDataSourceOptions["ssl"], mode: string | undefined, host: string): false | TlsOptions {
  if (ssl === false) return false;
  if (ssl === true) return { rejectUnauthorized: true };
  if (ssl !== undefined) return { rejectUnauthorized: true, ...check.object("ssl", ssl) };
  if (mode !== undefined && mode !== "") {
    return check.oneOf("sslmode", mode, modes) === "disable" ? false : { rejectUnauthorized: true };
  }
  return isLocal(host) ? false : { rejectUnauthorized: true };
}

function isLocal(host: string): boolean {
  return host.startsWith("/") || host === "localhost" || host === "::1" || host.startsWith("127.");
}

function preparedOf(
  given: boolean | undefined,
  flavour: ResolvedPostgresOptions["flavour"],
  pooler: ResolvedPostgresOptions["pooler"],
): boolean {
  if (given === undefined || !check.boolean("preparedStatements", given)) return false;
  if (pooler === "none" && flavour === "postgres") return true;
  const reason =
    pooler === "none"
      ? "Redshift's way with changed results is not known"
      : "a transaction pooler gives each transaction another connection";
  throw new ConfigurationError(`preparedStatements: true is refused: ${reason}; leave it out`, "preparedStatements");
}

/** Lakebase's pooled endpoints are PgBouncer in transaction mode, under a name of their own. */
function poolerOf(host: string): "none" | "transaction" {
  return /^[^.]+-pooler\./.test(host) ? "transaction" : "none";
}
