import { CredentialError } from "./errors.ts";
import { safeCause } from "./redact.ts";

/** The part of `fetch` that is used: any implementation of it fits. */
export type FetchLike = (url: string, init: RequestInit) => Promise<Response>;

export interface JsonRequest {
  readonly fetch: FetchLike;
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
  /** Names the request in errors, for example "Minting a database credential". */
  readonly purpose: string;
  /** Removed from whatever an error may quote. */
  readonly secrets: readonly string[];
  /** What to try, by HTTP status. */
  readonly hints?: Readonly<Record<number, string>>;
}

export interface JsonResponse {
  readonly body: Readonly<Record<string, unknown>>;
  /** The server's clock, unless a cache may have answered. */
  readonly serverNowMs: number | undefined;
}

const MAX_RESPONSE_BYTES = 256 * 1024;
const TLS_CODE = /CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)/;

/** Sends a request and reads a JSON object; errors hold the status, never the body. */
export async function requestJson(request: JsonRequest): Promise<JsonResponse> {
  const response = await send(request);
  const { status } = response;
  if (response.type === "opaqueredirect" || (status >= 300 && status < 400)) {
    discard(response);
    throw new CredentialError(
      `${request.purpose} was answered with a redirect, which is refused because it would send the credentials elsewhere. Check the workspace host.`,
      { code: "REDIRECT_REFUSED", status },
    );
  }
  if (!response.ok) {
    discard(response);
    throw statusError(request, response);
  }
  const text = await readBounded(request, response);
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text.
  }
  if (typeof body !== "object" || body === null || Array.isArray(body))
    throw new CredentialError(`${request.purpose} was answered with something other than a JSON object.`, {
      code: "MALFORMED_RESPONSE",
      status,
    });
  return { body: body as Record<string, unknown>, serverNowMs: serverClock(response.headers) };
}

async function send(request: JsonRequest): Promise<Response> {
  try {
    return await request.fetch(request.url, {
      method: request.method,
      headers: { accept: "application/json", ...request.headers },
      ...(request.body !== undefined && { body: request.body }),
      redirect: "manual",
      signal: request.signal,
    });
  } catch (error) {
    throw networkError(request, error);
  }
}

function networkError(request: JsonRequest, error: unknown): unknown {
  if (request.signal.aborted) return request.signal.reason;
  const cause = safeCause(error, request.secrets);
  const code = [cause, cause.cause].map((e) => (e instanceof Error ? Reflect.get(e, "code") : undefined)).find(Boolean);
  if (typeof code === "string" && TLS_CODE.test(code))
    return new CredentialError(
      `${request.purpose} failed: the server's certificate is not trusted (${code}). Behind a private CA set NODE_EXTRA_CA_CERTS.`,
      { code: "TLS", cause },
    );
  return new CredentialError(`${request.purpose} failed: no answer from ${new URL(request.url).host}.`, {
    code: "NETWORK",
    isRetryable: true,
    cause,
  });
}

function statusError(request: JsonRequest, response: Response): CredentialError {
  const { status } = response;
  const hint = request.hints?.[status];
  return new CredentialError(`${request.purpose} failed with HTTP ${status}.${hint === undefined ? "" : ` ${hint}`}`, {
    code: "HTTP_STATUS",
    status,
    isRetryable: isTransientStatus(status),
    ...retryAfter(response.headers),
  });
}

export const isTransientStatus = (status: number): boolean => status === 408 || status === 429 || status >= 500;

function retryAfter(headers: Headers): { retryAfterMs?: number } {
  const value = headers.get("retry-after")?.trim();
  if (value === undefined || value === "") return {};
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - (serverClock(headers) ?? Date.now());
  return Number.isFinite(ms) && ms >= 0 ? { retryAfterMs: ms } : {};
}

function serverClock(headers: Headers): number | undefined {
  if (headers.has("age")) return undefined;
  const ms = Date.parse(headers.get("date") ?? "");
  return Number.isFinite(ms) ? ms : undefined;
}

async function readBounded(request: JsonRequest, response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  try {
    const reader = response.body?.getReader();
    for (let part = await reader?.read(); part !== undefined && !part.done; part = await reader?.read()) {
      bytes += part.value.byteLength;
      if (bytes > MAX_RESPONSE_BYTES) {
        void reader?.cancel().catch(() => {});
        throw new CredentialError(`${request.purpose} was answered with more than ${MAX_RESPONSE_BYTES} bytes.`, {
          code: "RESPONSE_TOO_LARGE",
          status: response.status,
        });
      }
      text += decoder.decode(part.value, { stream: true });
    }
  } catch (error) {
    throw error instanceof CredentialError ? error : networkError(request, error);
  }
  return text + decoder.decode();
}

function discard(response: Response): void {
  response.body?.cancel().catch(() => {});
}
