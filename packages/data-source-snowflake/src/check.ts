import { type CheckStep, type ConnectionReport, isDataSourceError, type StatementOptions } from "@org/data-source-core";
import { type Deadline, observed, resolveStatementOptions } from "@org/data-source-core/adapter";
import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { connect as connectSocket, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { toDataSourceError } from "./error-map.ts";
import type { StatementCall } from "./execute.ts";
import { readGrants, type RoleGrants } from "./grants.ts";
import type { ResolvedSnowflakeOptions } from "./options.ts";
import { dialect } from "./params.ts";
import { deadlineOf, type Engine, type Place, toCall } from "./queryable.ts";
import { readNamedRows, readRows } from "./read-rows.ts";
import type { Unit } from "./unit.ts";

type Name = CheckStep["name"];

interface Finding {
  readonly detail?: string;
  /** Makes it a warning. */
  readonly hint?: string;
  readonly isSkipped?: boolean;
}

/** One after the other; after a failure the rest is skipped. */
export function createCheck(
  engine: Engine,
  place: Place,
  options: Pick<ResolvedSnowflakeOptions, "address" | "redact" | "access">,
  open: (deadline: Deadline) => Promise<Unit>,
) {
  return async (given?: Pick<StatementOptions, "signal" | "statementTimeoutMs">): Promise<ConnectionReport> => {
    const resolved = resolveStatementOptions(given, place.scope, ["signal", "statementTimeoutMs"]);
    return observed(engine, { name: "check" }, async () => {
      using deadline = deadlineOf(engine, place, resolved);
      return runSteps(options, open, deadline);
    });
  };
}

async function runSteps(
  { address, redact, access }: Pick<ResolvedSnowflakeOptions, "address" | "redact" | "access">,
  open: (deadline: Deadline) => Promise<Unit>,
  deadline: Deadline,
): Promise<ConnectionReport> {
  const steps: CheckStep[] = [];
  let failed: Name | undefined;
  let socket: Socket | undefined;
  let unit: Unit | undefined;
  let user: string | undefined;
  let role = "";
  let grants: RoleGrants | undefined;
  let serverVersion: string | undefined;
  let latencyMs: number | undefined;

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
      const error = toDataSourceError(reason, { redact });
      const durationMs = performance.now() - started;
      const hint = error.hint ?? networkHints[name];
      steps.push({ ...base, outcome: "failed", durationMs, detail: error.message, hint, error });
    }
  };
  const given = { isSkipped: true, detail: "The connection was given: where it goes is not known here" };
  const ask = async (text: string): Promise<readonly unknown[]> =>
    (await readRows(unit as Unit, callOf(text, deadline)))[0] ?? [];

  try {
    await step("resolve", async () => (address ? { detail: (await lookup(address.host)).address } : given));
    await step("tcp", async () => {
      if (!address) return given;
      socket = connectSocket(address.port, address.host);
      socket.on("error", () => undefined);
      await once(socket, "connect", { signal: deadline.signal });
      return {};
    });
    await step("tls", async () => {
      if (!address) return given;
      if (!address.isTls) return { isSkipped: true, detail: "accessUrl is not https" };
      const secure = connectTls({ socket, servername: address.host });
      secure.on("error", () => undefined);
      await once(secure, "secureConnect", { signal: deadline.signal });
      return { detail: secure.getProtocol() ?? "TLS" };
    });
    await step("login", async () => {
      unit = await open(deadline);
      const [name, current] = await ask("select current_user(), current_role()");
      user = String(name);
      role = String(current);
      return { detail: `${user} as ${role}` };
    });
    await step("privileges", async () => {
      grants = await readGrants(role, (name) =>
        readNamedRows(unit as Unit, callOf(`show grants to role ${dialect.quoteIdentifier(name)}`, deadline)),
      );
      const what = {
        true: `may write: ${grants.example ?? ""}`,
        false: "may only read",
        undefined: "inherits many roles",
      };
      const detail = `${role} ${what[`${grants.canWrite}`]}`;
      if (grants.canWrite === false || access === "read-write") return { detail };
      return { detail, hint: "This data source only reads: a role that can do no more would be safer." };
    });
    await step("version", async () => {
      serverVersion = String((await ask("select current_version()"))[0]);
      return { detail: serverVersion };
    });
    await step("latency", async () => {
      const started = performance.now();
      await ask("select 1");
      latencyMs = performance.now() - started;
      return {};
    });
  } finally {
    socket?.destroy();
    await unit?.end();
  }
  return { ok: failed === undefined, steps, user, serverVersion, latencyMs, canWrite: grants?.canWrite };
}

const networkHints: Partial<Record<string, string>> = {
  resolve: "Check the account identifier.",
  tcp: "Check the account identifier, and that a firewall or proxy lets this address through.",
  tls: "Check for a proxy that replaces certificates.",
};

function callOf(text: string, deadline: Deadline): StatementCall {
  const options = { queryTags: undefined, readOnly: true };
  return toCall({ text, params: [], rowMode: "array" }, options, deadline, Infinity);
}
