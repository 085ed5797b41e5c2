import { failureOf, type Fault, type FaultPoint, type Faults } from "./faults.ts";
import type { WireReply, WireRequest } from "./http.ts";
import { login, type LoginSettings } from "./login.ts";
import type { Queries, ServerQuery } from "./queries.ts";
import {
  chunkRowsOf,
  chunkText,
  failed,
  inProgress,
  parametersWith,
  resultOf,
  success,
  type ResultShape,
} from "./replies.ts";
import type { ServerSession, Sessions } from "./sessions.ts";
import { failures, SnowflakeFailure } from "./wire.ts";

export interface Routes {
  readonly sessions: Sessions;
  readonly queries: Queries;
  readonly faults: Faults;
  readonly settings: LoginSettings & { readonly inProgressAfterMs: number };
  readonly shape: () => ResultShape;
  readonly count: (what: string) => void;
  readonly stopped: Promise<void>;
}

type Handler = (request: WireRequest) => WireReply | Promise<WireReply>;

/** Answers every request of the driver; an unknown one is a hard error. */
export function createHandler(routes: Routes): (request: WireRequest) => Promise<WireReply> {
  const table: readonly [FaultPoint, string, RegExp, Handler][] = [
    ["login", "POST", /^\/session\/v1\/login-request$/, (request) => logIn(routes, request)],
    ["token", "POST", /^\/session\/token-request$/, (request) => renew(routes, request)],
    [
      "heartbeat",
      "POST",
      /^\/session\/heartbeat$/,
      ({ token }) => (routes.sessions.authenticate(token), success(null)),
    ],
    [
      "delete",
      "POST",
      /^\/session$/,
      ({ token }) => {
        routes.sessions.close(routes.sessions.authenticate(token));
        return success(null);
      },
    ],
    ["query", "POST", /^\/queries\/v1\/query-request$/, (request) => runQuery(routes, request)],
    ["abort", "POST", /^\/queries\/(?:v1|[\w-]+)\/abort-request$/, (request) => abort(routes, request)],
    ["result", "GET", /^\/queries\/[\w-]+\/result$/, (request) => result(routes, request)],
    ["status", "GET", /^\/monitoring\/queries\/[\w-]+$/, (request) => status(routes, request)],
    ["chunk", "GET", /^\/chunks\/[\w-]+\/\d+$/, (request) => chunk(routes, request)],
    ["telemetry", "POST", /^\/telemetry\/send$/, () => success(null)],
  ];
  return async (request) => {
    const route = table.find(([, method, path]) => method === request.method && path.test(request.path));
    if (!route) {
      routes.count("unknown");
      return { status: 404, json: { success: false, message: `Snowflake emulator: no route ${request.path}` } };
    }
    const [point, , , handle] = route;
    routes.count(point);
    const fault = routes.faults.take(point, request.body.sqlText ?? request.path);
    if (fault && fault.afterwards !== true) return faulty(routes, fault);
    const reply = await answer(() => handle(request));
    return fault ? faulty(routes, fault) : reply;
  };
}

async function answer(handle: () => WireReply | Promise<WireReply>): Promise<WireReply> {
  try {
    return await handle();
  } catch (error) {
    if (error instanceof SnowflakeFailure) return failed(error);
    throw error;
  }
}

async function faulty({ stopped }: Routes, fault: Fault): Promise<WireReply> {
  if (fault.hang === true) await stopped;
  if (fault.drop === true || fault.hang === true) return { drop: true };
  if (fault.code === undefined) return { status: fault.httpStatus ?? 500, text: "" };
  return failed(failureOf(fault), undefined, fault.httpStatus);
}

function logIn({ sessions, settings, count }: Routes, { body, query }: WireRequest): WireReply {
  const data = body.data ?? {};
  const session = login(data, query, sessions, settings);
  count("sessions");
  return success({
    ...tokensOf(session, settings),
    sessionId: Number(session.id),
    displayUserName: session.user,
    serverVersion: "9.99.0",
    parameters: parametersWith(data.SESSION_PARAMETERS ?? {}),
  });
}

function renew({ sessions, settings }: Routes, { token }: WireRequest): WireReply {
  const session = sessions.renew(token);
  const { token: sessionToken, masterToken, validityInSeconds, masterValidityInSeconds } = tokensOf(session, settings);
  return success({
    sessionToken,
    masterToken,
    validityInSecondsST: validityInSeconds,
    validityInSecondsMT: masterValidityInSeconds,
    sessionId: Number(session.id),
  });
}

function tokensOf(session: ServerSession, { now }: LoginSettings) {
  return {
    token: session.sessionToken,
    masterToken: session.masterToken,
    validityInSeconds: Math.round((session.sessionTokenExpiresAt - now()) / 1000),
    masterValidityInSeconds: Math.round((session.masterTokenExpiresAt - now()) / 1000),
  };
}

async function runQuery(routes: Routes, { token, query: search, body }: WireRequest): Promise<WireReply> {
  const session = routes.sessions.authenticate(token);
  const query = routes.queries.submit(session, { requestId: search.get("requestId") ?? "", body });
  if (body.asyncExec === true) return inProgress(query, true);
  return outcome(routes, query, session);
}

async function outcome(routes: Routes, query: ServerQuery, session: ServerSession): Promise<WireReply> {
  const done = await isDone(query, routes.settings.inProgressAfterMs);
  if (session.ended === "gone") {
    // Its statements are being aborted. What had been done by then is answered: a refusal would say that it never ran.
    await query.done;
    if (query.status !== "SUCCESS") throw failures.sessionGone;
    return resultOf(query, session, routes.shape());
  }
  return done ? resultOf(query, session, routes.shape()) : inProgress(query, false);
}

async function result(routes: Routes, { token, path }: WireRequest): Promise<WireReply> {
  const session = routes.sessions.authenticate(token);
  const query = routes.queries.byId(path.split("/")[2] ?? "");
  if (!query || query.user !== session.user) throw new SnowflakeFailure("000709", "Statement not found", "02000");
  return outcome(routes, query, session);
}

function status({ sessions, queries }: Routes, { token, path }: WireRequest): WireReply {
  const session = sessions.authenticate(token);
  const query = queries.byId(path.split("/")[3] ?? "");
  if (!query || query.user !== session.user) return success({ queries: [] });
  const { id, status: state, sql, failure } = query;
  return success({
    queries: [{ id, status: state, sqlText: sql, errorCode: failure?.code, errorMessage: failure?.message ?? "" }],
  });
}

function abort({ sessions, queries }: Routes, { token, path, body }: WireRequest): WireReply {
  sessions.authenticate(token);
  const id = path.split("/")[2] ?? "";
  const query = id === "v1" ? queries.byRequestId(body.requestId ?? "") : queries.byId(id);
  if (query?.status !== "RUNNING") throw failures.notExecuting;
  query.abort();
  return success(null);
}

function chunk({ queries, shape }: Routes, { path }: WireRequest): WireReply {
  const [, , id = "", at = "0"] = path.split("/");
  const rows = queries.byId(id)?.result?.rows ?? [];
  return { text: chunkText(rows.slice(Number(at), Number(at) + chunkRowsOf(rows.length, shape()))) };
}

async function isDone(query: ServerQuery, withinMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), withinMs);
  });
  const done = await Promise.race([query.done.then(() => true), late]);
  clearTimeout(timer);
  return done;
}
