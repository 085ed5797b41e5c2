import { ConfigurationError, type DataSourceOptions } from "@org/data-source-core";
import {
  configurationChecks as check,
  createRedactor,
  principalKey,
  type Redactor,
  resolveSourceOptions,
  type ResolvedSourceOptions,
  sourceOptionNames,
} from "@org/data-source-core/adapter";
import type { Connection, ConnectionOptions } from "./driver.ts";

/** Where OAuth tokens come from when they change. */
export interface SnowflakeTokenProvider {
  /** Asked at every login. */
  getToken(options?: { readonly signal?: AbortSignal }): Promise<{ readonly accessToken: string }>;
  /** Told when Snowflake refused a token as expired or invalid, so that the next `getToken` gives another one. */
  invalidate?(accessToken: string): void;
}

/**
 * Either connection options with one kind of credentials, or a `connectionFactory`, or a `connection`. None of the
 * three, or more than one, is a ConfigurationError.
 */
export interface SnowflakeDataSourceOptions extends DataSourceOptions {
  /**
   * Gives a ready connection of snowflake-sdk each time it is called; user, role, warehouse and database are its
   * business. It is called again when a session's authentication has expired.
   */
  readonly connectionFactory?: () => Promise<Connection>;
  /** One ready connection, never replaced nor closed: an expiry reaches the caller. */
  readonly connection?: Connection;

  /** Account identifier, such as `org-name` or `xy12345.eu-central-1`. */
  readonly account?: string;
  /** Needed beside a password or private key. */
  readonly username?: string;
  /** The compute that statements use. Default: the user's own, as for the next three. */
  readonly warehouse?: string;
  /** Where unqualified names are looked up. */
  readonly database?: string;
  /** Where unqualified names are looked up. */
  readonly schema?: string;
  /** Whose privileges statements have. */
  readonly role?: string;
  /** Default: from the account. `http` is for a local server. */
  readonly accessUrl?: string;

  /** One kind of credentials; the others exclude it. */
  readonly password?: string;
  /** Key pair login: the private key as PEM. */
  readonly privateKey?: string;
  /** Key pair login: the private key's file. */
  readonly privateKeyPath?: string;
  /** Of an encrypted private key. */
  readonly privateKeyPass?: string;
  /** An OAuth access token, or what gives one: asked at every login, and again when Snowflake says it has expired. */
  readonly oauthToken?: string | SnowflakeTokenProvider;
  /** A programmatic access token (PAT). */
  readonly accessToken?: string;
  /** `externalbrowser`: the user logs in in a browser. */
  readonly authenticator?: "externalbrowser";

  /** Heartbeats keep an idle session alive. Default true. */
  readonly clientSessionKeepAlive?: boolean;
  /** Name of the application, for the account's query history. */
  readonly application?: string;
  /** Let the driver probe its platform and post telemetry to the account. Default false. */
  readonly driverTelemetry?: boolean;
  /** Further options of snowflake-sdk, such as a proxy. */
  readonly driverOptions?: Partial<ConnectionOptions>;
}

/** How connections come about. */
export type ConnectionSource =
  | { readonly kind: "login"; readonly options: LoginOptions }
  | { readonly kind: "factory"; readonly create: () => Promise<Connection> }
  | { readonly kind: "fixed"; readonly connection: Connection };

export interface LoginOptions {
  readonly connection: ConnectionOptions;
  readonly tokenProvider: SnowflakeTokenProvider | undefined;
  readonly wantsTelemetry: boolean;
}

export interface ResolvedSnowflakeOptions extends ResolvedSourceOptions {
  readonly source: ConnectionSource;
  readonly database: string | undefined;
  /** Of a login: where it goes. */
  readonly address: { readonly host: string; readonly port: number; readonly isTls: boolean } | undefined;
  readonly redact: Redactor;
}

const credentialNames = [
  "password",
  "privateKey",
  "privateKeyPath",
  "oauthToken",
  "accessToken",
  "authenticator",
] as const;
const placeNames = ["account", "username", "warehouse", "database", "schema", "role", "accessUrl"] as const;
const otherNames = ["privateKeyPass", "clientSessionKeepAlive", "application", "driverTelemetry", "driverOptions"];
const loginNames = [...placeNames, ...credentialNames, ...otherNames];
const names = [...sourceOptionNames, "connectionFactory", "connection", ...loginNames];

/** Checks every option and fills in the defaults; throws a ConfigurationError that names the field. */
export function resolveOptions(options: SnowflakeDataSourceOptions): ResolvedSnowflakeOptions {
  check.object("options", options);
  check.known(options, names);
  // A login takes a second or more, so a session is kept for longer than a connection elsewhere.
  const shared = resolveSourceOptions(options, { connectTimeoutMs: 30_000, pool: { idleTimeoutMs: 600_000 } });
  const source = resolveSource(options);
  return {
    ...shared,
    source,
    // A given connection cannot be opened a second time.
    pool: source.kind === "fixed" ? { ...shared.pool, max: 1 } : shared.pool,
    database: options.database,
    address: source.kind === "login" ? addressOf(source.options.connection) : undefined,
    cacheIdentity: shared.cacheIdentity ?? (source.kind === "login" ? identityOf(source.options, shared) : undefined),
    redact: createRedactor([
      options.password,
      options.privateKey,
      options.privateKeyPass,
      options.accessToken,
      typeof options.oauthToken === "string" ? options.oauthToken : undefined,
    ]),
  };
}

/** Unknown without a user name: then only the token knows who it stands for. */
function identityOf(
  { connection }: LoginOptions,
  { integers, json }: Pick<ResolvedSourceOptions, "integers" | "json">,
): string | undefined {
  if (connection.username === undefined) return undefined;
  const principal = Object.fromEntries(placeNames.map((name) => [name, connection[name]]));
  return principalKey("snowflake", { ...principal, integers, json });
}

function resolveSource(options: SnowflakeDataSourceOptions): ConnectionSource {
  const { connection, connectionFactory } = options;
  const given = loginNames.filter((name) => options[name as keyof SnowflakeDataSourceOptions] !== undefined);
  const own = connectionFactory === undefined ? "connection" : "connectionFactory";
  if (connection !== undefined && connectionFactory !== undefined) {
    throw new ConfigurationError("connection and connectionFactory exclude each other: give one of them", "connection");
  }
  if (connection === undefined && connectionFactory === undefined) {
    if (given.length > 0) return { kind: "login", options: resolveLogin(options) };
    throw new ConfigurationError(
      "Give connection options (account, username, …), a connectionFactory or a connection",
      "account",
    );
  }
  if (given[0] !== undefined) {
    throw new ConfigurationError(`${given[0]} has no meaning beside ${own}, which brings its own`, given[0]);
  }
  if (connectionFactory !== undefined) {
    return { kind: "factory", create: check.func("connectionFactory", connectionFactory) as () => Promise<Connection> };
  }
  if (!isConnection(connection))
    throw new ConfigurationError("connection must be a connection of snowflake-sdk", "connection");
  return { kind: "fixed", connection };
}

export function isConnection(value: unknown): value is Connection {
  const { execute, destroy } = (value ?? {}) as Partial<Connection>;
  return typeof execute === "function" && typeof destroy === "function";
}

function resolveLogin(options: SnowflakeDataSourceOptions): LoginOptions {
  const text = <K extends keyof SnowflakeDataSourceOptions>(...fields: readonly K[]): { [P in K]?: string } =>
    Object.fromEntries(
      fields
        .filter((field) => options[field] !== undefined)
        .map((field) => [field, check.string(field, options[field])]),
    ) as { [P in K]?: string };
  if (options.account === undefined) throw new ConfigurationError("account must be a non-empty string", "account");
  const keepAlive = options.clientSessionKeepAlive ?? true;
  const { driverOptions = {} } = options;
  const { credentials, tokenProvider } = resolveCredentials(options, text);
  return {
    wantsTelemetry: check.boolean("driverTelemetry", options.driverTelemetry ?? false),
    tokenProvider,
    connection: {
      // The rows are read in batches, and a login that nobody answers must not go on for minutes.
      ...({ rowStreamHighWaterMark: 1000, sfRetryMaxLoginRetries: 2 } as Partial<ConnectionOptions>),
      ...(check.object("driverOptions", driverOptions) as Partial<ConnectionOptions>),
      ...text(...placeNames, "application"),
      account: check.string("account", options.account),
      clientSessionKeepAlive: check.boolean("clientSessionKeepAlive", keepAlive),
      ...credentials,
    },
  };
}

function resolveCredentials(
  options: SnowflakeDataSourceOptions,
  text: (...fields: readonly ("username" | (typeof credentialNames)[number] | "privateKeyPass")[]) => object,
): { readonly credentials: Partial<ConnectionOptions>; readonly tokenProvider: SnowflakeTokenProvider | undefined } {
  const [given, second] = credentialNames.filter((name) => options[name] !== undefined);
  if (given === undefined) {
    throw new ConfigurationError(`Give one of ${credentialNames.join(", ")}: there are no credentials`, "password");
  }
  if (second !== undefined)
    throw new ConfigurationError(`${given} and ${second} exclude each other: give one of them`, second);
  const isNamed = given === "password" || given === "privateKey" || given === "privateKeyPath";
  if (isNamed && options.username === undefined) {
    throw new ConfigurationError(`username must be a non-empty string beside ${given}`, "username");
  }
  if (options.privateKeyPass !== undefined && !given.startsWith("privateKey")) {
    throw new ConfigurationError(
      "privateKeyPass has no meaning without privateKey or privateKeyPath",
      "privateKeyPass",
    );
  }
  const { oauthToken, accessToken } = options;
  const none = undefined;
  if (given === "password") return { credentials: text("password"), tokenProvider: none };
  if (given === "authenticator") {
    check.oneOf("authenticator", options.authenticator, ["externalbrowser"]);
    return { credentials: { authenticator: "EXTERNALBROWSER" }, tokenProvider: none };
  }
  if (given === "accessToken") {
    const token = check.string("accessToken", accessToken);
    return { credentials: { authenticator: "PROGRAMMATIC_ACCESS_TOKEN", token }, tokenProvider: none };
  }
  if (given === "oauthToken") {
    if (typeof oauthToken === "string") {
      return {
        credentials: { authenticator: "OAUTH", token: check.string("oauthToken", oauthToken) },
        tokenProvider: none,
      };
    }
    if (typeof oauthToken?.getToken !== "function") {
      throw new ConfigurationError("oauthToken must be a string or have a function getToken", "oauthToken");
    }
    return { credentials: { authenticator: "OAUTH" }, tokenProvider: oauthToken };
  }
  return {
    credentials: { authenticator: "SNOWFLAKE_JWT", ...text("privateKey", "privateKeyPath", "privateKeyPass") },
    tokenProvider: none,
  };
}

/** As the driver makes it of the account's name. */
function addressOf({ account, accessUrl }: ConnectionOptions): ResolvedSnowflakeOptions["address"] {
  const given = accessUrl ?? `https://${account ?? ""}.snowflakecomputing.com`;
  if (!URL.canParse(given)) throw new ConfigurationError("accessUrl must be a URL such as https://host", "accessUrl");
  const url = new URL(given);
  const isTls = url.protocol === "https:";
  return { host: url.hostname, port: url.port === "" ? (isTls ? 443 : 80) : Number(url.port), isTls };
}
