import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { Certificate } from "./certificate.ts";
import type { Counters } from "./counters.ts";
import type { ApiFault, ApiRoute, Distortion, FaultPlans } from "./faults.ts";
import { type ApiRequest, answer, apiError, findRoute, type Workspace } from "./routes.ts";

export interface WorkspaceApi {
  host: string;
  close(): Promise<void>;
}

interface ApiOptions {
  port: number;
  certificate?: Certificate;
  workspace: Workspace;
  counters: Counters;
  faults: FaultPlans<ApiFault>;
}

const MAX_BODY_BYTES = 1_048_576;

/** The HTTP side: reads a request, counts it, lets a fault have its way, answers. */
export async function startWorkspaceApi({ port, certificate, ...context }: ApiOptions): Promise<WorkspaceApi> {
  const closing = new AbortController();
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    handle(request, response, context, closing.signal).catch(() => response.destroy());
  };
  const server: Server =
    certificate === undefined
      ? createServer(listener)
      : createTlsServer({ cert: certificate.cert, key: certificate.key }, listener);
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    host: `${certificate === undefined ? "http" : "https"}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      closing.abort();
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function handle(
  incoming: IncomingMessage,
  response: ServerResponse,
  { workspace, counters, faults }: Omit<ApiOptions, "port" | "certificate">,
  closing: AbortSignal,
): Promise<void> {
  const request = await readRequest(incoming);
  const route = findRoute(request);
  if (route === undefined) {
    counters.notFound += 1;
    const { status, body } = apiError(
      404,
      "ENDPOINT_NOT_FOUND",
      `No API found for '${request.method} ${request.path}'`,
    );
    return send(response, status, JSON.stringify(body));
  }
  counters[route] += 1;

  const struck = faults.take(route);
  const fault = struck?.fault;
  if (fault === "hang") return;
  if (fault === "reset") return void incoming.socket.resetAndDestroy();
  if (fault === "hold") await struck?.lifted;
  if (typeof fault === "object") {
    if ("redirect" in fault) {
      return send(response, fault.redirectStatus ?? 302, "", { location: fault.redirect });
    }
    if ("status" in fault) {
      const { body = apiError(fault.status, "EMULATED_FAULT", "A fault was asked for.").body } = fault;
      const headers = fault.retryAfter === undefined ? {} : { "retry-after": String(fault.retryAfter) };
      return send(response, fault.status, typeof body === "string" ? body : JSON.stringify(body), headers);
    }
    if (fault.delayMs !== undefined) await delay(fault.delayMs, undefined, { signal: closing });
  }

  const { status, body } = answer(route, request, workspace);
  if (typeof fault === "object") {
    const { date } = fault;
    const headers = {
      ...fault.headers,
      ...(date === undefined ? {} : { date: typeof date === "string" ? date : date.toUTCString() }),
    };
    return send(response, status, JSON.stringify(distortExpiry(route, body, fault)), headers);
  }
  const text = JSON.stringify(body);
  if (fault === "malformed") return send(response, status, text.slice(0, -1));
  if (fault === "stall") {
    response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
    response.write(text.slice(0, text.length / 2));
    return;
  }
  return send(response, status, text);
}

function send(response: ServerResponse, status: number, body: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(body);
}

const EXPIRY_FIELDS: Partial<Record<ApiRoute, string>> = {
  token: "expires_in",
  tokenExchange: "expires_in",
  mintAutoscaling: "expire_time",
  mintProvisioned: "expiration_time",
};

function distortExpiry(route: ApiRoute, body: Record<string, unknown>, { expiry }: Distortion): object {
  const field = EXPIRY_FIELDS[route];
  if (expiry === undefined || field === undefined || !(field in body)) return body;
  if (expiry === "missing") return Object.fromEntries(Object.entries(body).filter(([name]) => name !== field));
  if (expiry === "garbage") return { ...body, [field]: "soon" };
  if (expiry !== "past") return { ...body, [field]: expiry };
  return { ...body, [field]: field === "expires_in" ? -60 : new Date(Date.now() - 60_000).toISOString() };
}

async function readRequest(incoming: IncomingMessage): Promise<ApiRequest> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new Error("the request body is too large");
    chunks.push(chunk);
  }
  const path = (incoming.url ?? "/").split("?")[0] ?? "/";
  return { method: incoming.method ?? "", path, headers: incoming.headers, body: Buffer.concat(chunks).toString() };
}
