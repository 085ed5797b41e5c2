import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";

/** What the driver's requests hold, of what the emulator looks at. */
export interface RequestBody {
  readonly sqlText?: string;
  readonly bindings?: unknown;
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly asyncExec?: boolean;
  /** Of the statement to abort. */
  readonly requestId?: string;
  /** Of a login. */
  readonly data?: LoginData;
}

export interface LoginData {
  readonly LOGIN_NAME?: string;
  readonly PASSWORD?: string;
  readonly TOKEN?: string;
  readonly AUTHENTICATOR?: string;
  readonly SESSION_PARAMETERS?: Readonly<Record<string, unknown>>;
}

export interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** From `Authorization: Snowflake Token="…"`. */
  readonly token: string | undefined;
  readonly body: RequestBody;
}

export interface WireReply {
  readonly status?: number;
  readonly json?: unknown;
  /** In place of JSON, such as a chunk. */
  readonly text?: string;
  /** The connection is cut without a reply. */
  readonly drop?: boolean;
}

export interface HttpServer {
  readonly port: number;
  close(): Promise<void>;
}

/** An HTTP server on a free port of 127.0.0.1. */
export async function startHttpServer(handle: (request: WireRequest) => Promise<WireReply>): Promise<HttpServer> {
  const server = createServer((incoming, outgoing) => {
    void answer(incoming, outgoing, handle);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  handle: (request: WireRequest) => Promise<WireReply>,
): Promise<void> {
  try {
    const reply = await handle(await read(incoming));
    if (reply.drop === true) {
      incoming.socket.destroy();
      return;
    }
    const isText = reply.text !== undefined;
    outgoing.writeHead(reply.status ?? 200, {
      // A chunk served as JSON would be parsed by the driver, which then fails on it after minutes of retries.
      "content-type": isText ? "application/octet-stream" : "application/json",
    });
    outgoing.end(isText ? reply.text : JSON.stringify(reply.json ?? {}));
  } catch (error) {
    outgoing.writeHead(400, { "content-type": "text/plain" });
    outgoing.end(`Snowflake emulator: ${String(error)}`);
  }
}

async function read(incoming: IncomingMessage): Promise<WireRequest> {
  const parts: Buffer[] = [];
  for await (const part of incoming) parts.push(part as Buffer);
  const raw = Buffer.concat(parts);
  const bytes = incoming.headers["content-encoding"] === "gzip" ? gunzipSync(raw) : raw;
  const url = new URL(incoming.url ?? "/", "http://127.0.0.1");
  return {
    method: incoming.method ?? "GET",
    path: url.pathname,
    query: url.searchParams,
    token: /^Snowflake Token="(.*)"$/.exec(incoming.headers.authorization ?? "")?.[1],
    body: bytes.length === 0 ? {} : (JSON.parse(bytes.toString()) as RequestBody),
  };
}
