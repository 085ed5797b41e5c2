/** What `startLakebaseEmulator` accepts. Everything is optional; the defaults are fixed, so that tests can rely on them. */
export interface LakebaseEmulatorOptions {
  /** Life of a database credential, ms, at least 1000. Default 3 600 000. */
  tokenLifeMs?: number;
  /** Life of a workspace token, ms, at least 1000. Default 3 600 000. */
  workspaceTokenLifeMs?: number;
  /** How a rejected login reads: like stock Postgres (default) or like the proxy in front of Lakebase. */
  errorStyle?: ErrorStyle;
  /** Default 18. 16 and 17 need one more package, which the error names. */
  postgresVersion?: PostgresVersion;
  /** `false`: the workspace API only; no Postgres and no front door are started. Default true. */
  postgres?: boolean;
  /** Refuse TLS clients that send no server name (SNI), as Lakebase does. Default true. */
  requireSni?: boolean;
  /** Serve the workspace API over https, with a certificate signed by `emulator.ca`. Default false. */
  apiTls?: boolean;
  /** Port of the workspace API. Default: a free one. */
  apiPort?: number;
  /** Port of the database. Default: a free one. */
  port?: number;
  /** Service principal, and the default Postgres role. Default `e3a1c0de-0000-4000-8000-000000000001`. */
  clientId?: string;
  /** Default `local-emulator-secret`. */
  clientSecret?: string;
  /** Personal access token of `userName`. Default `local-emulator-pat`. */
  pat?: string;
  /** The person whom the personal access token stands for; a Postgres role too. Default `dev@example.com`. */
  userName?: string;
  /** The one endpoint (Autoscaling). Default `projects/local/branches/main/endpoints/primary`. */
  endpoint?: string;
  /** The one instance (Provisioned). Default `local-instance`. */
  instanceName?: string;
  /** Issuers whose tokens the token exchange accepts. Default `["https://idp.example.com"]`. */
  federatedIssuers?: readonly string[];
  /** Where the prepared data directory is kept between starts. Default: the user's cache directory. */
  cacheDirectory?: string;
}

export type ErrorStyle = "stock" | "proxy";
export type PostgresVersion = 16 | 17 | 18;

export type Settings = Required<Omit<LakebaseEmulatorOptions, "cacheDirectory">> & {
  cacheDirectory: string | undefined;
};

export const DATABASE = "databricks_postgres";

export function resolveOptions(options: LakebaseEmulatorOptions): Settings {
  const settings: Settings = {
    tokenLifeMs: options.tokenLifeMs ?? 3_600_000,
    workspaceTokenLifeMs: options.workspaceTokenLifeMs ?? 3_600_000,
    errorStyle: options.errorStyle ?? "stock",
    postgresVersion: options.postgresVersion ?? 18,
    postgres: options.postgres ?? true,
    requireSni: options.requireSni ?? true,
    apiTls: options.apiTls ?? false,
    apiPort: options.apiPort ?? 0,
    port: options.port ?? 0,
    clientId: options.clientId ?? "e3a1c0de-0000-4000-8000-000000000001",
    clientSecret: options.clientSecret ?? "local-emulator-secret",
    pat: options.pat ?? "local-emulator-pat",
    userName: options.userName ?? "dev@example.com",
    endpoint: options.endpoint ?? "projects/local/branches/main/endpoints/primary",
    instanceName: options.instanceName ?? "local-instance",
    federatedIssuers: options.federatedIssuers ?? ["https://idp.example.com"],
    cacheDirectory: options.cacheDirectory,
  };
  checkLife("tokenLifeMs", settings.tokenLifeMs);
  checkLife("workspaceTokenLifeMs", settings.workspaceTokenLifeMs);
  checkPort("apiPort", settings.apiPort);
  checkPort("port", settings.port);
  checkChoice("errorStyle", settings.errorStyle, ["stock", "proxy"]);
  checkChoice("postgresVersion", settings.postgresVersion, [16, 17, 18]);
  if (!/^projects\/[^/]+\/branches\/[^/]+\/endpoints\/[^/]+$/.test(settings.endpoint)) {
    throw new TypeError(
      `endpoint: expected "projects/<project>/branches/<branch>/endpoints/<endpoint>", got "${settings.endpoint}"`,
    );
  }
  return settings;
}

function checkLife(field: string, value: number): void {
  if (!Number.isFinite(value) || value < 1000) {
    throw new RangeError(`${field}: expected milliseconds, at least 1000, got ${String(value)}`);
  }
}

function checkPort(field: string, value: number): void {
  if (!Number.isInteger(value) || value < 0 || value > 65_535) {
    throw new RangeError(`${field}: expected a port from 1 to 65535, or 0 for a free one, got ${String(value)}`);
  }
}

function checkChoice<T>(field: string, value: T, choices: readonly T[]): void {
  if (!choices.includes(value)) {
    throw new RangeError(`${field}: expected one of ${choices.join(", ")}, got ${String(value)}`);
  }
}
