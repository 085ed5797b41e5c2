import type { RequestedClaims } from "./claims.ts";
import { type DatabaseCredential, toFetchedCredential } from "./credential.ts";
import { CredentialError } from "./errors.ts";
import { type FetchLike, requestJson } from "./http.ts";
import { now } from "./lifetime.ts";
import type { Fetched } from "./flight.ts";
import { authorizationOf, type WorkspaceToken } from "./token-provider.ts";

/** What a credential is for: an Autoscaling endpoint, or a Provisioned instance. */
export type MintTarget =
  | { readonly kind: "autoscaling"; readonly endpoint: string }
  | { readonly kind: "provisioned"; readonly instanceName: string };

export interface MintRequest {
  readonly fetch: FetchLike;
  readonly host: string;
  readonly target: MintTarget;
  readonly claims: readonly RequestedClaims[] | undefined;
  readonly token: WorkspaceToken;
  readonly signal: AbortSignal;
}

/** One request for a credential. */
export async function mint(request: MintRequest): Promise<Fetched<DatabaseCredential>> {
  const { fetch, host, target, claims, token, signal } = request;
  const startedAt = now();
  const isAutoscaling = target.kind === "autoscaling";
  const payload = isAutoscaling
    ? { endpoint: target.endpoint, ...(claims !== undefined && { claims }) }
    : {
        instance_names: [target.instanceName],
        request_id: crypto.randomUUID(),
        ...(claims !== undefined && { claims }),
      };
  const { body, serverNowMs } = await requestJson({
    fetch,
    method: "POST",
    url: `${host}/api/2.0/${isAutoscaling ? "postgres" : "database"}/credentials`,
    headers: { authorization: authorizationOf(token), "content-type": "application/json" },
    body: JSON.stringify(payload),
    signal,
    secrets: [token.accessToken],
    purpose: "Minting a database credential",
    hints: hints(target),
  });
  const expiry = body[isAutoscaling ? "expire_time" : "expiration_time"];
  return toFetchedCredential(body["token"], expiry, startedAt, { serverNowMs });
}

function hints(target: MintTarget): Record<number, string> {
  const name =
    target.kind === "autoscaling" ? `The endpoint ${target.endpoint}` : `The instance ${target.instanceName}`;
  return {
    400: "Check the endpoint and the claims.",
    401: "The workspace refused its token: it expired, was revoked or belongs to another workspace.",
    403: `${name} exists, but this identity may not use it: grant it CAN USE on the project or instance.`,
    404: `${name} was not found in this workspace.`,
  };
}

/** Whether the workspace refused the token that the request carried. */
export const isRefusedToken = (error: unknown): boolean => error instanceof CredentialError && error.status === 401;
