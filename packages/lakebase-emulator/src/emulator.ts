import { escapeIdentifier } from "pg";
import type { Certificate } from "./certificate.ts";
import type { Cleanup } from "./cleanup.ts";
import { type Counters, createCounters } from "./counters.ts";
import type { ApiFault, FaultPlans, Faults, LoginFault } from "./faults.ts";
import type { FrontDoor } from "./front-door.ts";
import { DATABASE, type Settings } from "./options.ts";
import type { PostgresServer } from "./postgres-server.ts";
import type { Mint, Workspace } from "./routes.ts";
import type { TokenIssuer, TokenKind } from "./token.ts";
import type { WorkspaceApi } from "./workspace-api.ts";

/** What a token made by `databaseToken` says. */
export interface DatabaseTokenOptions {
  /** Role that may log in with it. Default: the service principal. */
  role?: string;
  /** Default: the emulator's endpoint. */
  endpoint?: string;
  /** ms; 0 or less makes a token that has expired. Default: `tokenLifeMs`. */
  lifeMs?: number;
  /** Not valid before, ms since the epoch. */
  notBefore?: number;
}

export interface LakebaseEmulator extends AsyncDisposable {
  /** Base URL of the workspace API, such as `http://127.0.0.1:40123`. */
  readonly workspaceHost: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** A personal access token that the workspace API accepts; it stands for `userName`. */
  readonly pat: string;
  readonly userName: string;
  /** `localhost`: a name, because a client sends no SNI for an address. */
  readonly host: string;
  /** 0 if started with `postgres: false`. */
  readonly port: number;
  readonly database: string;
  /** The default role: the client id. */
  readonly user: string;
  readonly endpoint: string;
  readonly instanceName: string;
  /** PEM of the authority behind the server certificate (for `localhost` and `127.0.0.1`). */
  readonly ca: string;
  /** Variables for a program under test: `PGHOST`, …, `LAKEBASE_ENDPOINT`, `DATABRICKS_HOST`, …, `PGSSLROOTCERT`. */
  readonly env: Readonly<Record<string, string>>;
  readonly counters: Readonly<Counters>;
  resetCounters(): void;
  readonly faults: Faults;
  /** What the last granted credential request asked for. */
  readonly lastMint: Mint | undefined;
  /** Server name (SNI) of the last TLS handshake at the database port. */
  readonly lastSni: string | undefined;
  /** Logged-in connections that are open now. */
  readonly openConnections: number;
  /** Every token issued so far becomes invalid: database tokens by default. The personal access token stays. */
  revokeTokens(kind?: TokenKind | "all"): void;
  /** Destroys every connection at the database port; returns how many were logged in. */
  cutConnections(): number;
  /** While on, new connections at the database port are reset at once. Live ones stay. */
  refuseConnections(on: boolean): void;
  /** Setting it puts the endpoint to sleep: the next login wakes it up, and logins wait until that took this many ms. */
  wakeUpDelayMs: number;
  /** A correctly signed database token that says anything. */
  databaseToken(options?: DatabaseTokenOptions): string;
  /** A further service principal of the workspace; for logins it also needs `addRole(clientId)`. */
  addServicePrincipal(clientId: string, clientSecret: string): void;
  /** Creates a Postgres role that can log in and create tables. */
  addRole(name: string): Promise<void>;
  /** Runs SQL as the superuser, past the front door. */
  query(text: string, values?: unknown[]): Promise<{ rows: Record<string, unknown>[]; rowCount: number | null }>;
  /** Connection string of the superuser for pg and libpq, over a unix socket, past the front door. */
  readonly adminUri: string;
  /** Stops everything and removes its files. Idempotent. */
  close(): Promise<void>;
}

export interface EmulatorParts {
  settings: Settings;
  workspace: Workspace;
  tokens: TokenIssuer;
  counters: Counters;
  apiFaults: FaultPlans<ApiFault>;
  loginFaults: FaultPlans<LoginFault>;
  certificate: Certificate;
  api: WorkspaceApi;
  cleanup: Cleanup;
  postgres?: PostgresServer;
  door?: FrontDoor;
  caFile?: string;
}

const HOST = "localhost";

export function composeEmulator(parts: EmulatorParts): LakebaseEmulator {
  const { settings, workspace, tokens, counters, apiFaults, loginFaults, cleanup } = parts;
  const door = (): FrontDoor => parts.door ?? noPostgres();
  const postgres = (): PostgresServer => parts.postgres ?? noPostgres();
  const close = (): Promise<void> => cleanup.run();

  return {
    workspaceHost: parts.api.host,
    clientId: settings.clientId,
    clientSecret: settings.clientSecret,
    pat: settings.pat,
    userName: settings.userName,
    host: HOST,
    port: parts.door?.port ?? 0,
    database: DATABASE,
    user: settings.clientId,
    endpoint: settings.endpoint,
    instanceName: settings.instanceName,
    ca: parts.certificate.ca,
    env: environment(parts),
    counters,
    resetCounters: () => void Object.assign(counters, createCounters()),
    faults: {
      api: (route, fault, options) => apiFaults.add(route, fault, options),
      login: (fault, options) => loginFaults.add("login", fault, options),
      clear: () => {
        apiFaults.clear();
        loginFaults.clear();
      },
    },
    get lastMint() {
      return workspace.lastMint;
    },
    get lastSni() {
      return door().lastSni;
    },
    get openConnections() {
      return door().openConnections();
    },
    revokeTokens(kind = "database") {
      for (const each of kind === "all" ? (["database", "workspace"] as const) : [kind]) tokens.revoke(each);
    },
    cutConnections: () => door().cutConnections(),
    refuseConnections: (on) => void (door().refuse = on),
    get wakeUpDelayMs() {
      return door().wakeUpDelayMs;
    },
    set wakeUpDelayMs(delayMs) {
      door().wakeUpDelayMs = delayMs;
    },
    databaseToken({
      role = settings.clientId,
      endpoint = settings.endpoint,
      lifeMs = settings.tokenLifeMs,
      notBefore,
    } = {}) {
      const nbf = notBefore === undefined ? {} : { nbf: notBefore / 1000 };
      return tokens.issue({ aud: "database", sub: role, endpoint, lifeMs, ...nbf }).token;
    },
    addServicePrincipal: (clientId, clientSecret) => void workspace.servicePrincipals.set(clientId, clientSecret),
    async addRole(name) {
      const role = escapeIdentifier(name);
      await postgres().query(
        `CREATE ROLE ${role} LOGIN; GRANT ALL ON DATABASE ${DATABASE} TO ${role}; GRANT ALL ON SCHEMA public TO ${role}`,
      );
    },
    query: (text, values) => postgres().query(text, values),
    get adminUri() {
      return postgres().adminUri;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function noPostgres(): never {
  throw new Error("this emulator was started with postgres: false");
}

function environment({ settings, api, door, caFile }: EmulatorParts): Record<string, string> {
  return {
    PGHOST: HOST,
    ...(door === undefined ? {} : { PGPORT: String(door.port) }),
    PGDATABASE: DATABASE,
    PGUSER: settings.clientId,
    PGSSLMODE: "require",
    ...(caFile === undefined ? {} : { PGSSLROOTCERT: caFile, NODE_EXTRA_CA_CERTS: caFile }),
    LAKEBASE_ENDPOINT: settings.endpoint,
    DATABRICKS_HOST: api.host,
    DATABRICKS_CLIENT_ID: settings.clientId,
    DATABRICKS_CLIENT_SECRET: settings.clientSecret,
  };
}
