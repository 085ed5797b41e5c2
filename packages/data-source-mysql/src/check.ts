import {
  type CheckStep,
  type ConnectionReport,
  DataSourceError,
  isDataSourceError,
  type StatementOptions,
} from "@org/data-source-core";
import { createDeadline, type Deadline, observed, resolveStatementOptions } from "@org/data-source-core/adapter";
import { isIP } from "node:net";
import type { Connection } from "./connection.ts";
import type { Connections } from "./connections.ts";
import { readPrivileges } from "./privileges.ts";
import type { LoginStage } from "./login.ts";
import type { ResolvedMySqlOptions } from "./options.ts";
import type { Engine, Place } from "./queryable.ts";

type Outcome = Pick<CheckStep, "outcome"> & Partial<CheckStep>;

const stages: readonly LoginStage[] = ["resolve", "tcp", "tls", "login"];

/** One new connection, whose opening tells how far it came; then what the account may do. */
export function createCheck(engine: Engine, place: Place, connections: Connections, options: ResolvedMySqlOptions) {
  return async (given?: Pick<StatementOptions, "signal" | "statementTimeoutMs">): Promise<ConnectionReport> => {
    const resolved = resolveStatementOptions(given, place.scope, ["signal", "statementTimeoutMs"]);
    return observed(engine, { name: "check" }, async () => {
      const signals = [resolved.signal, engine.lifecycle.signal];
      using deadline = createDeadline({ timeoutMs: resolved.statementTimeoutMs, signals, kind: "mysql" });
      deadline.throwIfOver();
      return runSteps(connections, options, deadline);
    });
  };
}

async function runSteps(
  connections: Connections,
  options: ResolvedMySqlOptions,
  deadline: Deadline,
): Promise<ConnectionReport> {
  const steps: CheckStep[] = [];
  const add = (name: CheckStep["name"], outcome: Outcome): void => {
    steps.push({ name, durationMs: undefined, detail: undefined, hint: undefined, error: undefined, ...outcome });
  };
  const failed = (): boolean => steps.some((step) => step.outcome === "failed");
  const isOurs = (): boolean =>
    deadline.signal.aborted && !isDataSourceError(deadline.signal.reason, "STATEMENT_TIMEOUT");

  const connection = await openInStages(connections, options, deadline, add).catch((error: unknown) => {
    if (isOurs()) throw error;
  });
  let user: string | undefined;
  let canWrite: boolean | undefined;
  let latencyMs: number | undefined;

  const step = async (name: CheckStep["name"], work: (connection: Connection) => Promise<Outcome>): Promise<void> => {
    if (!connection || failed()) return add(name, { outcome: "skipped", detail: "An earlier step failed" });
    const started = performance.now();
    try {
      const outcome = await work(connection);
      add(name, { durationMs: performance.now() - started, ...outcome });
    } catch (error) {
      if (isOurs()) throw error;
      add(name, { outcome: "failed", durationMs: performance.now() - started, ...failure(error) });
    }
  };
  try {
    await step("privileges", async (open) => {
      const [row = []] = await open.ask("select current_user()", deadline);
      user = String(row[0]);
      const privileges = await readPrivileges(open, deadline);
      ({ canWrite } = privileges);
      return describe(privileges, options.access === "read-write");
    });
    await step("version", async ({ server }) => {
      const isOld = server.flavour === "mariadb" ? isBefore(server.version, 10, 6) : isBefore(server.version, 8, 0);
      if (!isOld) return { outcome: "ok", detail: server.version };
      return {
        outcome: "warning",
        detail: server.version,
        hint: "Tested are MySQL 8 and later and MariaDB 10.6 and later.",
      };
    });
    await step("latency", async (open) => {
      const started = performance.now();
      await open.ask("do 0", deadline);
      latencyMs = performance.now() - started;
      return { outcome: "ok" };
    });
  } finally {
    connection?.close("It was opened for check()");
  }
  return { ok: !failed(), steps, user, serverVersion: connection?.server.version, latencyMs, canWrite };
}

async function openInStages(
  connections: Connections,
  { host, ssl }: ResolvedMySqlOptions,
  deadline: Deadline,
  add: (name: CheckStep["name"], outcome: Outcome) => void,
): Promise<Connection> {
  let since = performance.now();
  const skips: Partial<Record<LoginStage, string>> = {
    ...(host.startsWith("/")
      ? { resolve: "A unix socket has no address" }
      : isIP(host) !== 0 && { resolve: "It is an address" }),
    ...(ssl === false && { tls: "TLS is off" }),
  };
  const reached = new Set<LoginStage>();
  /** Those that come before `stage` and report nothing of themselves. */
  const reach = (stage: LoginStage | undefined): void => {
    for (const earlier of stages) {
      if (earlier === stage) break;
      const detail = skips[earlier];
      if (detail !== undefined && !reached.has(earlier)) {
        reached.add(earlier);
        add(earlier, { outcome: "skipped", detail });
      }
    }
  };
  const onStage = (stage: LoginStage): void => {
    if (reached.has(stage)) return;
    reach(stage);
    reached.add(stage);
    add(stage, { outcome: "ok", durationMs: performance.now() - since });
    since = performance.now();
  };
  try {
    return await connections.open(deadline, onStage);
  } catch (error) {
    // The first that nothing was heard of is where it failed; a name may be known without a lookup being told.
    const at = stages.find((stage) => !reached.has(stage) && skips[stage] === undefined) ?? "login";
    reach(at);
    for (const stage of stages.slice(stages.indexOf(at))) {
      if (stage === at) add(stage, { outcome: "failed", durationMs: performance.now() - since, ...failure(error) });
      else add(stage, { outcome: "skipped", detail: skips[stage] ?? "An earlier step failed" });
    }
    throw error;
  }
}

function describe(
  { canWrite, writes, hasFile }: Awaited<ReturnType<typeof readPrivileges>>,
  isMeant: boolean,
): Outcome {
  const detail =
    canWrite === undefined
      ? "It has roles whose privileges are not shown"
      : canWrite
        ? `It may ${writes.join(", ")}`
        : "It may only read";
  if (hasFile)
    return { outcome: "warning", detail, hint: "FILE lets the account read and write files of the server: revoke it." };
  if (canWrite !== true || isMeant) return { outcome: "ok", detail };
  return {
    outcome: "warning",
    detail,
    hint: "This data source only reads: use an account that has SELECT and no more.",
  };
}

function failure(error: unknown): Partial<CheckStep> {
  if (!isDataSourceError(error)) throw error;
  return { detail: error.message, hint: error.hint, error: error instanceof DataSourceError ? error : undefined };
}

function isBefore(version: string, major: number, minor: number): boolean {
  const [have = 0, haveMinor = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  return have < major || (have === major && haveMinor < minor);
}
