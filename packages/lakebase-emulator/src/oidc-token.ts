import type { ApiAnswer, ApiRequest, Workspace } from "./routes.ts";
import { decodeJwtPart } from "./token.ts";

const EXCHANGE_GRANT = "urn:ietf:params:oauth:grant-type:token-exchange";
const JWT_TYPE = "urn:ietf:params:oauth:token-type:jwt";

/** `POST /oidc/v1/token`: the client credentials grant, and the exchange of a foreign token. */
export function oidcToken(request: ApiRequest, workspace: Workspace): ApiAnswer {
  if (!String(request.headers["content-type"] ?? "").startsWith("application/x-www-form-urlencoded")) {
    return refused(400, "invalid_request", "The request must be a form (application/x-www-form-urlencoded).");
  }
  const form = new URLSearchParams(request.body);
  if (!(form.get("scope") ?? "").split(" ").includes("all-apis")) {
    return refused(400, "invalid_scope", "The scope must include all-apis.");
  }
  const grant = form.get("grant_type");
  if (grant === "client_credentials") return clientCredentials(request, workspace);
  if (grant === EXCHANGE_GRANT) return exchange(form, workspace);
  return refused(400, "unsupported_grant_type", "The grant type is not supported.");
}

function clientCredentials(request: ApiRequest, workspace: Workspace): ApiAnswer {
  const basic = /^Basic (.+)$/.exec(String(request.headers["authorization"] ?? ""))?.[1] ?? "";
  const [clientId = "", ...secret] = Buffer.from(basic, "base64").toString("utf8").split(":");
  const expected = workspace.servicePrincipals.get(clientId);
  if (expected === undefined || secret.join(":") !== expected) {
    return refused(401, "invalid_client", "Client authentication failed.");
  }
  return granted(clientId, workspace);
}

/** The signature is not checked: the emulator knows no key of the foreign issuer. */
function exchange(form: URLSearchParams, workspace: Workspace): ApiAnswer {
  if (form.get("subject_token_type") !== JWT_TYPE) {
    return refused(400, "invalid_request", `subject_token_type must be ${JWT_TYPE}.`);
  }
  const claims = decodeJwtPart((form.get("subject_token") ?? "").split(".")[1] ?? "");
  const { iss, sub, exp } = claims ?? {};
  if (typeof iss !== "string" || !workspace.settings.federatedIssuers.includes(iss)) {
    return refused(400, "invalid_grant", "No federation policy matches the issuer of the subject token.");
  }
  if (typeof exp === "number" && exp * 1000 <= Date.now()) {
    return refused(400, "invalid_grant", "The subject token has expired.");
  }
  const clientId = form.get("client_id");
  if (clientId !== null) {
    return workspace.servicePrincipals.has(clientId)
      ? granted(clientId, workspace)
      : refused(401, "invalid_client", "The service principal does not exist.");
  }
  if (typeof sub !== "string" || sub === "") return refused(400, "invalid_grant", "The subject token has no subject.");
  return granted(sub, workspace);
}

function granted(sub: string, { tokens, settings }: Workspace): ApiAnswer {
  const lifeMs = settings.workspaceTokenLifeMs;
  const { token } = tokens.issue({ aud: "workspace", sub, lifeMs });
  return {
    status: 200,
    body: { access_token: token, token_type: "Bearer", expires_in: Math.floor(lifeMs / 1000), scope: "all-apis" },
  };
}

function refused(status: number, error: string, description: string): ApiAnswer {
  return { status, body: { error, error_description: description } };
}
