import type { ApiRoute } from "./faults.ts";
import type { Settings } from "./options.ts";
import { oidcToken } from "./oidc-token.ts";
import type { TokenIssuer } from "./token.ts";

export interface ApiRequest {
  method: string;
  path: string;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

export interface ApiAnswer {
  status: number;
  body: Record<string, unknown>;
}

/** The last request for a database credential that was granted. Holds no token. */
export interface Mint {
  route: "mintAutoscaling" | "mintProvisioned";
  /** Service principal or user whose workspace token asked. */
  identity: string;
  endpoint?: string;
  instanceNames?: readonly string[];
  requestId?: string;
  claims?: unknown;
}

export interface Workspace {
  settings: Settings;
  tokens: TokenIssuer;
  /** Client id → secret. */
  servicePrincipals: Map<string, string>;
  host: () => string;
  lastMint: Mint | undefined;
}

/** `undefined`: no such route. */
export function findRoute(request: ApiRequest): ApiRoute | undefined {
  switch (`${request.method} ${request.path}`) {
    case "GET /oidc/.well-known/oauth-authorization-server":
      return "discovery";
    case "POST /oidc/v1/token":
      return request.body.includes("token-exchange") ? "tokenExchange" : "token";
    case "POST /api/2.0/postgres/credentials":
      return "mintAutoscaling";
    case "POST /api/2.0/database/credentials":
      return "mintProvisioned";
    case "GET /api/2.0/preview/scim/v2/Me":
      return "scimMe";
    default:
      return undefined;
  }
}

export function answer(route: ApiRoute, request: ApiRequest, workspace: Workspace): ApiAnswer {
  if (route === "discovery") return discovery(workspace.host());
  if (route === "token" || route === "tokenExchange") return oidcToken(request, workspace);
  const identity = identify(request, workspace);
  if (identity === undefined) {
    return apiError(
      401,
      "UNAUTHENTICATED",
      "Credential was not sent or was of an unsupported type for this API, or it has expired.",
    );
  }
  return route === "scimMe" ? scimMe(identity, workspace) : mint(route, identity, request, workspace);
}

export function apiError(status: number, code: string, message: string): ApiAnswer {
  return { status, body: { error_code: code, message } };
}

function discovery(host: string): ApiAnswer {
  return {
    status: 200,
    body: {
      issuer: `${host}/oidc`,
      authorization_endpoint: `${host}/oidc/v1/authorize`,
      token_endpoint: `${host}/oidc/v1/token`,
      grant_types_supported: ["client_credentials", "urn:ietf:params:oauth:grant-type:token-exchange"],
      scopes_supported: ["all-apis"],
      token_endpoint_auth_methods_supported: ["client_secret_basic"],
    },
  };
}

/** The service principal or user that the Bearer token stands for. */
function identify(request: ApiRequest, { settings, tokens }: Workspace): string | undefined {
  const bearer = /^Bearer (.+)$/.exec(String(request.headers["authorization"] ?? ""))?.[1];
  if (bearer === undefined) return undefined;
  if (bearer === settings.pat) return settings.userName;
  const verdict = tokens.verify(bearer, "workspace");
  return verdict.ok ? verdict.claims.sub : undefined;
}

function scimMe(identity: string, { settings }: Workspace): ApiAnswer {
  const isUser = identity === settings.userName;
  return {
    status: 200,
    body: {
      schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
      id: "1",
      userName: identity,
      displayName: isUser ? identity : `service principal ${identity}`,
      active: true,
    },
  };
}

function mint(
  route: "mintAutoscaling" | "mintProvisioned",
  identity: string,
  request: ApiRequest,
  workspace: Workspace,
): ApiAnswer {
  const body = parseObject(request.body);
  if (body === undefined) return apiError(400, "MALFORMED_REQUEST", "The request body is not a JSON object.");
  const { settings, tokens } = workspace;
  const claims = body["claims"];
  if (claims !== undefined && !Array.isArray(claims)) {
    return apiError(400, "INVALID_PARAMETER_VALUE", "claims must be a list of permission sets.");
  }
  const common = { identity, ...(claims === undefined ? {} : { claims }) };
  const lifeMs = settings.tokenLifeMs;

  if (route === "mintAutoscaling") {
    const endpoint = body["endpoint"];
    if (typeof endpoint !== "string" || endpoint === "") {
      return apiError(400, "INVALID_PARAMETER_VALUE", "endpoint is required.");
    }
    if (endpoint !== settings.endpoint) return apiError(404, "NOT_FOUND", `Endpoint ${endpoint} does not exist.`);
    workspace.lastMint = { route, ...common, endpoint };
    const { token, expiresAt } = tokens.issue({ aud: "database", sub: identity, lifeMs, endpoint });
    return { status: 200, body: { token, expire_time: new Date(expiresAt).toISOString() } };
  }

  const names = body["instance_names"];
  if (!Array.isArray(names) || names.length === 0 || !names.every((name) => typeof name === "string")) {
    return apiError(400, "INVALID_PARAMETER_VALUE", "instance_names must be a non-empty list of names.");
  }
  const unknown = names.find((name) => name !== settings.instanceName);
  if (unknown !== undefined) return apiError(404, "NOT_FOUND", `Database instance ${unknown} does not exist.`);
  const requestId = body["request_id"];
  workspace.lastMint = {
    route,
    ...common,
    instanceNames: names,
    ...(typeof requestId === "string" ? { requestId } : {}),
  };
  const { token, expiresAt } = tokens.issue({ aud: "database", sub: identity, lifeMs, instances: names });
  return { status: 200, body: { token, expiration_time: new Date(expiresAt).toISOString() } };
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
