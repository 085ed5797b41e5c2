import type { EventListener } from "@org/data-source-core";
import { createDeadline, type Deadline } from "@org/data-source-core/adapter";
import { Gaxios } from "gaxios";
import { ApiError, isLost, isTransient, replyError } from "./api-error.ts";
import { backoff } from "./backoff.ts";
import type { Credentials } from "./credentials.ts";
import { credentialError } from "./error-map.ts";

/** One call of the REST API. Each can be sent again: it reads, or has an id by which the server knows it. */
export interface ApiCall {
  readonly method: "GET" | "POST";
  /** Below the project, such as `/queries`. */
  readonly path: string;
  /** Default: the data source's own. */
  readonly projectId?: string | undefined;
  readonly search?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: object;
  /** How long the server is asked to wait; a reply is given up for lost some time after. Default 0. */
  readonly waitMs?: number;
  /** Default: lost replies and transient reasons. `lost`: only the former. `never`: neither. */
  readonly retry?: "all" | "lost" | "never";
  /** How a reply's body is read. Default: as JSON. */
  readonly parse?: (bytes: Buffer) => unknown;
  /** Counts the sendings that may have reached the server. */
  readonly delivery?: { possible: number };
}

/** The REST API, spoken over HTTP connections that the process keeps alive. */
export interface Connection {
  readonly projectId: () => Promise<string>;
  call<T>(call: ApiCall, deadline: Deadline): Promise<T>;
}

export interface ConnectionSetup {
  readonly apiEndpoint: string;
  readonly credentials: Credentials;
  readonly projectId: () => Promise<string>;
  readonly connectTimeoutMs: number;
  readonly onEvent: EventListener;
}

/** How much longer than asked a reply may take before it counts as lost. */
const graceMs = 30_000;

export function createConnection(setup: ConnectionSetup): Connection {
  const { apiEndpoint, credentials, onEvent, connectTimeoutMs } = setup;
  const gaxios = new Gaxios();
  let isOpen = false;

  /** The headers, with the time it may take to log in. */
  const authorize = async (deadline: Deadline): Promise<Readonly<Record<string, string>>> => {
    const started = performance.now();
    using login = createDeadline({
      timeoutMs: connectTimeoutMs,
      signals: [deadline.signal],
      kind: "bigquery",
      code: "CONNECT_TIMEOUT",
    });
    try {
      const headers = await login.race(credentials.headers());
      if (!isOpen) onEvent({ type: "connection-opened", durationMs: performance.now() - started });
      isOpen = true;
      return headers;
    } catch (error) {
      login.throwIfOver();
      throw credentialError(error);
    }
  };

  const send = async (
    call: ApiCall,
    deadline: Deadline,
  ): Promise<{ status: number; bytes: Buffer; refused: boolean }> => {
    const { method, path, search = {}, body, waitMs = 0 } = call;
    const url = new URL(
      `${apiEndpoint}/bigquery/v2/projects/${encodeURIComponent(call.projectId ?? (await setup.projectId()))}${path}`,
    );
    url.searchParams.set("prettyPrint", "false");
    for (const [name, value] of Object.entries(search))
      if (value !== undefined) url.searchParams.set(name, String(value));
    const headers = await authorize(deadline);
    deadline.throwIfOver();
    if (call.delivery) call.delivery.possible += 1;
    // Not AbortSignal.timeout: it would hold on to each request, answered or not, until its time has passed.
    using attempt = createDeadline({ timeoutMs: waitMs + graceMs, signals: [deadline.signal], kind: "bigquery" });
    try {
      const { status, data } = await gaxios.request<AsyncIterable<Uint8Array>>({
        url,
        method,
        headers: { ...headers, "content-type": "application/json", "user-agent": "org-data-source-bigquery" },
        ...(body === undefined ? {} : { data: JSON.stringify(body) }),
        responseType: "stream",
        retry: false,
        validateStatus: () => true,
        signal: attempt.signal,
      });
      return {
        status,
        bytes: Buffer.concat(await collect(data)),
        refused: status === 401 && credentials.refuse(headers),
      };
    } catch (error) {
      if (call.delivery && isRefused(error)) call.delivery.possible -= 1;
      deadline.throwIfOver();
      throw new ApiError("No reply from BigQuery", { cause: error });
    }
  };

  const once = async <T>(call: ApiCall, deadline: Deadline): Promise<T> => {
    let reply = await send(call, deadline);
    if (reply.refused) reply = await send(call, deadline);
    const { status, bytes } = reply;
    if (status >= 400) throw replyError(status, bytes.toString());
    if (call.parse) return call.parse(bytes) as T;
    return (bytes.length === 0 ? {} : JSON.parse(bytes.toString())) as T;
  };

  return {
    projectId: setup.projectId,
    call: async (call, deadline) => {
      const { retry = "all" } = call;
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await once(call, deadline);
        } catch (error) {
          if (!(error instanceof ApiError) || retry === "never") throw error;
          if (!isLost(error) && !(retry === "all" && isTransient(error))) throw error;
          await backoff(attempt, deadline, error);
          onEvent({ type: "retry", attempt: attempt + 1, reason: error.reason ?? "lost reply" });
        }
      }
    },
  };
}

/** There was no connection to send anything on. */
function isRefused(error: unknown): boolean {
  const codes = [error, (error as { cause?: unknown }).cause].map(
    (part) => (part as { code?: unknown } | undefined)?.code,
  );
  return codes.some((code) => code === "ECONNREFUSED" || code === "ENOTFOUND" || code === "EAI_AGAIN");
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return all;
}
