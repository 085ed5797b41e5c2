import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as the routes and the faults see it. */
export interface RecordedRequest {
  /** Such as `jobs.query`; `unknown` for a path that no route has. */
  readonly route: string;
  readonly method: string;
  readonly path: string;
  readonly search: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

export interface Reply {
  readonly status: number;
  readonly body: object;
}

/** `cut`: the connection is closed without a reply. `hang`: there is no reply, the connection stays. */
export type Answer = Reply | "cut" | "hang";

export interface HttpServer {
  readonly url: string;
  close(): Promise<void>;
}

/** A loopback server on a free port. */
export async function listen(
  answer: (request: Omit<RecordedRequest, "route">) => Promise<Answer>,
): Promise<HttpServer> {
  const server = createServer((request, response) => {
    void handle(request, response, answer);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  answer: (request: Omit<RecordedRequest, "route">) => Promise<Answer>,
): Promise<void> {
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const url = new URL(request.url ?? "/", "http://localhost");
    const reply = await answer({
      method: request.method ?? "GET",
      path: decodeURIComponent(url.pathname),
      search: Object.fromEntries(url.searchParams),
      body: text === "" ? {} : (JSON.parse(text) as Record<string, unknown>),
      headers: request.headers,
    });
    if (reply === "hang") return;
    if (reply === "cut") {
      request.socket.destroy();
      return;
    }
    response.writeHead(reply.status, { "content-type": "application/json; charset=UTF-8" });
    response.end(JSON.stringify(reply.body));
  } catch {
    // The client has gone, or sent what is not JSON.
    request.socket.destroy();
  }
}
