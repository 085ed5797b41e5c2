import {
  type CheckStep,
  type ConnectionReport,
  DataSourceError,
  isDataSourceError,
  type StatementOptions,
} from "@org/data-source-core";
import { createDeadline, type Deadline, observed, resolveStatementOptions } from "@org/data-source-core/adapter";
import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { connect as connectSocket, isIP, type Socket } from "node:net";
import { requestTls } from "./cancel.ts";
import { type Connection, type ConnectionSettings, createConnections, type Lease } from "./connection.ts";
import { statementError } from "./error-map.ts";
import { loginError } from "./login-error.ts";
import { run } from "./query.ts";
import type { Engine, Place } from "./queryable.ts";

type Name = CheckStep["name"];

/** What a step found out: its detail, or a hint besides, which makes it a warning. */
interface Finding {
  readonly detail?: string;
  readonly hint?: string;
  readonly isSkipped?: boolean;
}

/** One after the other; after a failure the rest is skipped. */
export function createCheck(engine: Engine, place: Place, settings: ConnectionSettings) {
  return async (given?: Pick<StatementOptions, "signal" | "statementTimeoutMs">): Promise<ConnectionReport> => {
    const options = resolveStatementOptions(given, place.scope, ["signal", "statementTimeoutMs"]);
    return observed(engine, { name: "check" }, async () => {
      const signals = [options.signal, engine.lifecycle.signal];
      using deadline = createDeadline({ timeoutMs: options.statementTimeoutMs, signals, kind: "postgres" });
      return runSteps(engine, place, settings, deadline);
    });
  };
}

async function runSteps(
  engine: Engine,
  place: Place,
  settings: ConnectionSettings,
  deadline: Deadline,
): Promise<ConnectionReport> {
  const steps: CheckStep[] = [];
  let failed: Name | undefined;
  let address = settings.host;
  let socket: Socket | undefined;
  let lease: Lease | undefined;
  let connection: Connection | undefined;
  let found: Account | undefined;
  let latencyMs: number | undefined;
  // A pool of its own: its connection is new, and nothing waits for a cold endpoint.
  const { password } = settings;
  const own = typeof password === "function" ? async () => password() : password;
  const connections = createConnections({ ...settings, password: own, max: 1, retriesTransient: false });

  const step = async (name: Name, work: () => Promise<Finding>): Promise<void> => {
    const base = { name, durationMs: undefined, detail: undefined, hint: undefined, error: undefined };
    if (failed !== undefined) {
      steps.push({ ...base, outcome: "skipped", detail: `${failed} failed` });
      return;
    }
    const started = performance.now();
    try {
      deadline.throwIfOver();
      const { detail, hint, isSkipped } = await deadline.race(work());
      const outcome = isSkipped ? "skipped" : hint === undefined ? "ok" : "warning";
      steps.push({ ...base, outcome, durationMs: performance.now() - started, detail, hint });
    } catch (reason) {
      if (deadline.signal.aborted && !isDataSourceError(deadline.signal.reason, "STATEMENT_TIMEOUT")) throw reason;
      failed = name;
      const error = isDataSourceError(reason) ? reason : loginError(reason, engine.redact);
      const durationMs = performance.now() - started;
      steps.push({ ...base, outcome: "failed", durationMs, detail: error.message, hint: error.hint, error });
    }
  };

  try {
    await step("resolve", async () => {
      if (isSocketPath(address)) return { isSkipped: true, detail: "A unix socket has no address" };
      ({ address } = await lookup(settings.host));
      return { detail: address };
    });
    await step("tcp", async () => {
      socket = isSocketPath(address)
        ? connectSocket(`${address}/.s.PGSQL.${settings.port}`)
        : connectSocket(settings.port, address);
      socket.on("error", () => undefined);
      await once(socket, "connect", { signal: deadline.signal });
      return {};
    });
    await step("tls", async () => {
      const { host, ssl } = settings;
      if (ssl === false) return { isSkipped: true, detail: "TLS is off" };
      const secure = await requestTls(socket as Socket, host, ssl, deadline.signal);
      return { detail: secure.getProtocol() ?? "TLS" };
    });
    await step("login", async () => {
      lease = await connections.acquire(deadline);
      ({ connection } = lease);
      return {};
    });
    await step("privileges", async () => {
      found = await readAccount(engine, connection as Connection, deadline);
      const detail = `${found.user} ${found.canWrite ? "may write" : "may only read"}`;
      if (!found.canWrite || place.scope.access === "read-write") return { detail };
      if (settings.flavour === "redshift") return { detail, hint: redshiftHint };
      return { detail, hint: "This data source only reads: an account that can do no more would be safer." };
    });
    await step("version", async () => ({ detail: connection?.parameters.get("server_version") ?? "unknown" }));
    await step("latency", async () => {
      const started = performance.now();
      await run(connection as Connection, "none", { text: "select 1", maxRows: 0 }, deadline, true);
      latencyMs = performance.now() - started;
      return {};
    });
  } finally {
    socket?.destroy();
    await lease?.end();
    await connections.close();
  }
  return {
    ok: failed === undefined,
    steps,
    user: found?.user,
    serverVersion: failed === undefined ? connection?.parameters.get("server_version") : undefined,
    latencyMs,
    canWrite: found?.canWrite,
  };
}

interface Account {
  readonly user: string;
  readonly canWrite: boolean;
}

const redshiftHint =
  "On Redshift a statement's text alone decides whether it reads: use an account that is granted no more than SELECT.";

const accountQuery = `select current_user, not pg_is_in_recovery() and (
  has_database_privilege(current_database(), 'CREATE')
  or exists (select from pg_catalog.pg_namespace n
    where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and has_schema_privilege(n.oid, 'CREATE'))
  or exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
      and has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')))`;

/** Privileges by name and one at a time, as Redshift documents them; on catalog tables only, which its leader node has. */
const redshiftAccountQuery = `select current_user, has_database_privilege(current_database(), 'create')
  or exists (select 1 from pg_catalog.pg_namespace n
    where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and has_schema_privilege(n.nspname, 'create'))
  or exists (select 1 from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and (${[
      "insert",
      "update",
      "delete",
    ]
      .map((right) => `has_table_privilege(quote_ident(n.nspname) || '.' || quote_ident(c.relname), '${right}')`)
      .join(" or ")}))`;

async function readAccount(engine: Engine, connection: Connection, deadline: Deadline): Promise<Account> {
  const text = connection.flavour === "redshift" ? redshiftAccountQuery : accountQuery;
  const main = { text, maxRows: 0, isMain: true };
  const { error, rows } = await run(connection, "read", main, deadline, true);
  if (error) throw statementError(error, { redact: engine.redact, deadline });
  const [user, canWrite] = rows[0] ?? [];
  if (typeof user !== "string") throw new DataSourceError({ code: "QUERY_FAILED", message: "No current_user" });
  return { user, canWrite: canWrite === "t" };
}

function isSocketPath(host: string): boolean {
  return isIP(host) === 0 && host.startsWith("/");
}
