import {
  DataSourceError,
  isDataSourceError,
  type CheckStep,
  type ConnectionReport,
  type StatementOptions,
} from "@org/data-source-core";
import {
  type CallScope,
  createDeadline,
  type Deadline,
  observed,
  resolveStatementOptions,
  safeCause,
} from "@org/data-source-core/adapter";
import { lookup } from "node:dns/promises";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { ApiError } from "./api-error.ts";
import type { Engine } from "./engine.ts";
import { toDataSourceError } from "./error-map.ts";
import { read } from "./query.ts";
import { prepare } from "./statement.ts";

type Outcome = { readonly detail?: string; readonly skipped?: boolean } | undefined;

/** From the network up to a statement; what comes after a failure is skipped. */
export function createCheck(engine: Engine, scope: CallScope) {
  return async (given?: Pick<StatementOptions, "signal" | "statementTimeoutMs">): Promise<ConnectionReport> => {
    const options = resolveStatementOptions(given, scope);
    return await observed(engine, { name: "check" }, async () => {
      const signals = [options.signal, engine.lifecycle.signal];
      using deadline = createDeadline({ timeoutMs: options.statementTimeoutMs, signals, kind: "bigquery" });
      return await runSteps(engine, deadline, options.signal);
    });
  };
}

async function runSteps(
  engine: Engine,
  deadline: Deadline,
  signal: AbortSignal | undefined,
): Promise<ConnectionReport> {
  const steps: CheckStep[] = [];
  let failed: string | undefined;
  const step = async (name: CheckStep["name"], work: () => Promise<Outcome>): Promise<void> => {
    const base = { name, durationMs: undefined, detail: undefined, hint: undefined, error: undefined };
    if (failed !== undefined) {
      steps.push({ ...base, outcome: "skipped", detail: `${failed} failed` });
      return;
    }
    const started = performance.now();
    try {
      const outcome = await work();
      const durationMs = performance.now() - started;
      steps.push({ ...base, outcome: outcome?.skipped ? "skipped" : "ok", durationMs, detail: outcome?.detail });
    } catch (caught) {
      if (signal?.aborted) deadline.throwIfOver();
      const error = publicError(engine, caught);
      const durationMs = performance.now() - started;
      failed = name;
      steps.push({ name, outcome: "failed", durationMs, detail: error.message, hint: error.hint, error });
    }
  };

  deadline.throwIfOver();
  const url = new URL(engine.options.apiEndpoint);
  const isTls = url.protocol === "https:";
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const target = { host, port: url.port === "" ? (isTls ? 443 : 80) : Number(url.port) };
  const proxied = hasProxy() ? { skipped: true, detail: "through a proxy" } : undefined;
  let user: string | undefined;
  let latencyMs: number | undefined;

  await step("resolve", async () => proxied ?? { detail: (await deadline.race(lookup(host))).address });
  await step("tcp", async () => proxied ?? (await open(() => connectTcp(target), "connect", deadline)));
  await step("tls", async () => {
    if (!isTls) return { skipped: true, detail: "plain http to a loopback address" };
    return proxied ?? (await open(() => connectTls({ ...target, servername: host }), "secureConnect", deadline));
  });
  const statement = { ...prepare("select session_user()", undefined, engine.options).statement };
  await step("login", async () => {
    const call = { method: "GET", path: "/datasets", search: { maxResults: 1 } } as const;
    try {
      await engine.connection.call(call, deadline);
    } catch (error) {
      // Who may not list is known all the same.
      if (!(error instanceof ApiError && error.reason === "accessDenied")) throw error;
    }
    return undefined;
  });
  await step("privileges", async () => {
    const { statementType } = await engine.gate.dryRun(statement, deadline);
    return { detail: `may create jobs (${statementType})` };
  });
  await step("version", async () => ({ detail: serverVersion }));
  await step("latency", async () => {
    const started = performance.now();
    const reply = await read(engine, statement, 1, deadline);
    latencyMs = performance.now() - started;
    user = reply.rows.read(0, 1)[0]?.[0] as string | undefined;
    return undefined;
  });
  const ok = failed === undefined;
  return { ok, steps, user, serverVersion: ok ? serverVersion : undefined, latencyMs, canWrite: undefined };
}

/** The service has no version; its API has. */
const serverVersion = "BigQuery REST API v2";

function hasProxy(): boolean {
  return ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"].some((name) => Boolean(process.env[name]));
}

async function open(create: () => Socket, event: string, deadline: Deadline): Promise<undefined> {
  const socket = create();
  const opened = new Promise<void>((resolve, reject) => {
    socket.once(event, resolve);
    socket.once("error", reject);
  });
  try {
    await deadline.race(opened);
  } finally {
    socket.destroy();
  }
}

function publicError({ redact }: Engine, caught: unknown): DataSourceError {
  const error = toDataSourceError(caught, { redact });
  if (isDataSourceError(error)) return error;
  const { code } = error as { code?: unknown };
  return new DataSourceError({
    code: "CONNECTION",
    kind: "bigquery",
    message: `The API cannot be reached (${String(code)})`,
    nativeCode: String(code),
    hint: "Check the network, the name and port of apiEndpoint, and whether a proxy is needed (HTTPS_PROXY).",
    cause: safeCause(error, redact),
  });
}
