import { createPublicKey, verify } from "node:crypto";
import type { RecordedRequest, Reply } from "./http.ts";
import { Problem } from "./problem.ts";

/** Whose tokens are taken. */
export interface Identity {
  /** Throws unless the request carries a token that is taken. */
  check(request: RecordedRequest): void;
  acceptOnly(tokens: readonly string[]): void;
  /** Also takes self-signed tokens of this service account. */
  trustKey(email: string, publicKeyPem: string): void;
  /** iamcredentials: a token for the account in the path. */
  impersonate(request: RecordedRequest): Reply;
  readonly impersonations: readonly { readonly target: string; readonly scope: unknown; readonly delegates: unknown }[];
}

export function createIdentity(): Identity {
  let accepted: Set<string> | undefined;
  const keys = new Map<string, string>();
  const issued = new Set<string>();
  const impersonations: { target: string; scope: unknown; delegates: unknown }[] = [];
  const isSigned = (token: string): boolean => {
    const [header = "", claims = "", signature = ""] = token.split(".");
    const { iss, exp } = JSON.parse(Buffer.from(claims, "base64url").toString() || "{}") as {
      iss?: string;
      exp?: number;
    };
    const key = keys.get(iss ?? "");
    if (key === undefined || (exp ?? 0) * 1000 < Date.now()) return false;
    const signed = Buffer.from(`${header}.${claims}`);
    return verify("RSA-SHA256", signed, createPublicKey(key), Buffer.from(signature, "base64url"));
  };
  const check = (request: RecordedRequest): void => {
    const [, token] = /^Bearer (.+)$/.exec(String(request.headers["authorization"] ?? "")) ?? [];
    if (token === undefined) throw new Problem("authError", "Request is missing required authentication credential.");
    if (issued.has(token) || (token.split(".").length === 3 && isSigned(token))) return;
    const isTaken = accepted?.has(token) ?? keys.size === 0;
    if (!isTaken) throw new Problem("authError", "Request had invalid authentication credentials.");
  };
  return {
    check,
    acceptOnly: (tokens) => {
      accepted = new Set(tokens);
    },
    trustKey: (email, publicKeyPem) => {
      keys.set(email, publicKeyPem);
    },
    impersonate: (request) => {
      check(request);
      const [, target = ""] = /serviceAccounts\/(.+):generateAccessToken$/.exec(request.path) ?? [];
      const { scope, delegates, lifetime = "3600s" } = request.body;
      impersonations.push({ target, scope, delegates });
      const accessToken = `impersonated-${target}-${impersonations.length}`;
      issued.add(accessToken);
      const expireTime = new Date(Date.now() + Number.parseInt(String(lifetime), 10) * 1000).toISOString();
      return { status: 200, body: { accessToken, expireTime } };
    },
    impersonations,
  };
}
