import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { sql } from "drizzle-orm";
import type { Lakebase } from "./lakebase.ts";
import type { Notes } from "./notes.ts";
import { renderPage } from "./page.ts";
import type { Warehouse } from "./warehouse.ts";

const MAX_BODY_BYTES = 4096;

export interface Services {
  readonly lakebase: Lakebase;
  readonly notes: Notes;
  readonly warehouse: Warehouse;
}

export function createWebServer(services: Services): Server {
  return createServer((request, response) => {
    answer(services, request, response).catch((error: unknown) => {
      // The page says no more than that: messages of databases are not for visitors.
      console.error(error);
      if (!response.headersSent) response.writeHead(500, { "content-type": "text/plain" });
      response.end("Something went wrong.\n");
    });
  });
}

async function answer(
  { lakebase, notes, warehouse }: Services,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname } = new URL(request.url ?? "/", "http://localhost");
  const route = `${request.method} ${pathname}`;
  if (route === "GET /health") {
    await lakebase.db.execute(sql`select 1`);
    response.writeHead(200, { "content-type": "application/json" }).end(`${JSON.stringify({ ok: true })}\n`);
  } else if (route === "GET /") {
    const [latest, totals] = await Promise.all([notes.latest(), warehouse.totals()]);
    const page = renderPage({ notes: latest, totals, token: lakebase.token() });
    const policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'";
    response
      .writeHead(200, { "content-type": "text/html; charset=utf-8", "content-security-policy": policy })
      .end(page);
  } else if (route === "POST /notes") {
    const text = new URLSearchParams(await readBody(request)).get("text")?.trim() ?? "";
    if (text !== "") await notes.add(text.slice(0, 200));
    response.writeHead(303, { location: "/" }).end();
  } else response.writeHead(404, { "content-type": "text/plain" }).end("There is nothing here.\n");
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request.setEncoding("utf8") as AsyncIterable<string>) {
    body += chunk;
    if (body.length > MAX_BODY_BYTES) throw new Error("The form is too long");
  }
  return body;
}
