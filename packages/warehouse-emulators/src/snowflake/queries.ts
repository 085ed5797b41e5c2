import { randomUUID } from "node:crypto";
import type { RequestBody } from "./http.ts";
import { isMatch, play, type Scripts } from "./scripts.ts";
import type { ServerSession } from "./sessions.ts";
import { failures, SnowflakeFailure, type StatementResult, type WireRow } from "./wire.ts";

export type QueryStatus = "RUNNING" | "SUCCESS" | "FAILED_WITH_ERROR" | "ABORTED";

export interface ServerQuery {
  readonly id: string;
  readonly requestId: string;
  readonly sessionId: string;
  readonly user: string;
  readonly sql: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  status: QueryStatus;
  result: StatementResult | undefined;
  failure: SnowflakeFailure | undefined;
  /** Fulfils at the end, whatever it is. */
  readonly done: Promise<void>;
  abort(failure?: SnowflakeFailure): void;
}

/** Statements that match wait here, accepted and running, until released. */
export interface Gate {
  /** Fulfils when so many have arrived. Default 1. */
  reached(count?: number): Promise<void>;
  release(): void;
}

export interface Queries {
  submit(session: ServerSession, request: { requestId: string; body: RequestBody }): ServerQuery;
  byId(id: string): ServerQuery | undefined;
  byRequestId(requestId: string): ServerQuery | undefined;
  hold(match: string | RegExp): Gate;
  /** Every statement so far, in order. */
  readonly all: readonly ServerQuery[];
}

export function createQueries(scripts: Scripts, onDuplicate: () => void): Queries {
  const all: ServerQuery[] = [];
  const gates: { readonly match: string | RegExp; arrive(signal: AbortSignal): Promise<void> }[] = [];

  const execute = async (session: ServerSession, body: RequestBody, signal: AbortSignal): Promise<StatementResult> => {
    const sql = body.sqlText ?? "";
    const parameters = body.parameters ?? {};
    for (const gate of gates) if (isMatch(gate.match, sql)) await gate.arrive(signal);
    if (signal.aborted) throw failures.cancelled;
    const bindings = body.bindings;
    const script = scripts.find(sql);
    const maxRows = Number(parameters["ROWS_PER_RESULTSET"] ?? 0);
    if (script !== undefined) return cut(await play(script, { sql, bindings, sessionId: session.id, signal }), maxRows);
    const statementCount = Number(parameters["MULTI_STATEMENT_COUNT"] ?? 1);
    return session.engine.run({ sql, bindings, maxRows, statementCount, signal });
  };

  const start = (session: ServerSession, requestId: string, body: RequestBody): ServerQuery => {
    const parameters = body.parameters ?? {};
    const controller = new AbortController();
    const seconds = Number(parameters["STATEMENT_TIMEOUT_IN_SECONDS"] ?? 0);
    const timeout = new SnowflakeFailure(
      "000630",
      `Statement reached its statement or warehouse timeout of ${seconds} second(s) and was canceled.`,
      "57014",
    );
    const timer = seconds > 0 ? setTimeout(() => query.abort(timeout), seconds * 1000) : undefined;
    let reason: SnowflakeFailure | undefined;
    const finish = (status: QueryStatus, result?: StatementResult, failure?: SnowflakeFailure): void => {
      clearTimeout(timer);
      Object.assign(query, { status, result, failure });
    };
    const query: ServerQuery = {
      id: randomUUID(),
      requestId,
      sessionId: session.id,
      user: session.user,
      sql: body.sqlText ?? "",
      parameters,
      status: "RUNNING",
      result: undefined,
      failure: undefined,
      abort: (why = failures.cancelled) => {
        reason ??= why;
        controller.abort();
      },
      done: execute(session, body, controller.signal).then(
        (result) => finish("SUCCESS", result),
        (error: unknown) => {
          const failure =
            reason ?? (error instanceof SnowflakeFailure ? error : new SnowflakeFailure("000603", String(error)));
          finish(reason ? "ABORTED" : "FAILED_WITH_ERROR", undefined, failure);
        },
      ),
    };
    all.push(query);
    session.running.add(query.done);
    void query.done.then(() => session.running.delete(query.done));
    return query;
  };

  return {
    all,
    byId: (id) => all.find((query) => query.id === id),
    byRequestId: (requestId) => all.find((query) => query.requestId === requestId),
    submit: (session, { requestId, body }) => {
      const known = all.find((query) => query.requestId === requestId && query.sessionId === session.id);
      if (!known) return start(session, requestId, body);
      onDuplicate();
      return known;
    },
    hold: (match) => {
      const gate = createGate();
      gates.push({ match, arrive: gate.arrive });
      return gate;
    },
  };
}

/** `ROWS_PER_RESULTSET` holds for a scripted result too. */
function cut(result: StatementResult, maxRows: number): StatementResult {
  const { rows } = result;
  if (maxRows === 0 || rows.length <= maxRows) return result;
  const slice = (start: number, end = maxRows): readonly WireRow[] => rows.slice(start, Math.min(end, maxRows));
  return { ...result, rows: { length: maxRows, slice } };
}

function createGate(): Gate & { arrive(signal: AbortSignal): Promise<void> } {
  let arrived = 0;
  let waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  const released = Promise.withResolvers<void>();
  return {
    reached: (count = 1) =>
      new Promise((resolve) => {
        if (arrived >= count) resolve();
        else waiting.push({ count, resolve });
      }),
    release: () => released.resolve(),
    arrive: async (signal) => {
      arrived += 1;
      for (const { count, resolve } of waiting) if (arrived >= count) resolve();
      waiting = waiting.filter(({ count }) => count > arrived);
      const aborted = new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
      await Promise.race([released.promise, aborted]);
    },
  };
}
