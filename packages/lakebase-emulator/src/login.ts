import type { ErrorStyle } from "./options.ts";
import type { LoginError } from "./startup-packet.ts";
import type { TokenClaims, TokenIssuer } from "./token.ts";

export interface LoginRules {
  tokens: TokenIssuer;
  errorStyle: ErrorStyle;
  endpoint: string;
  instanceName: string;
}

/** Whether this password lets this role in; asked at login and never again while the connection lives. */
export function checkLogin(user: string, password: string, rules: LoginRules): LoginError | undefined {
  const verdict = rules.tokens.verify(password, "database");
  const problem = verdict.ok ? mismatch(user, verdict.claims, rules) : verdict.problem;
  if (problem === undefined) return undefined;
  if (rules.errorStyle === "stock") {
    return { severity: "FATAL", sqlState: "28P01", message: `password authentication failed for user "${user}"` };
  }
  const claims = "claims" in verdict ? verdict.claims : undefined;
  return { severity: "ERROR", sqlState: "XX000", message: proxyMessage(problem, user, claims) };
}

function mismatch(user: string, claims: TokenClaims, rules: LoginRules): "audience" | "role" | undefined {
  const isOurs = claims.endpoint === rules.endpoint || claims.instances?.includes(rules.instanceName) === true;
  if (!isOurs) return "audience";
  return claims.sub === user ? undefined : "role";
}

function proxyMessage(problem: string, user: string, claims: TokenClaims | undefined): string {
  switch (problem) {
    case "expired":
      return `JWT token has expired (exp=${Math.floor(claims?.exp ?? 0)})`;
    case "not-yet":
      return `JWT token is not yet ready to use (nbf=${Math.floor(claims?.nbf ?? 0)})`;
    case "encoding":
      return "Provided authentication token is not a valid JWT encoding";
    case "audience":
      return "invalid JWT token audience";
    default:
      return `password authentication failed for user '${user}'`;
  }
}

/** A client that asked for no TLS. */
export function insecureConnection(style: ErrorStyle, user: string, database: string): LoginError {
  return style === "stock"
    ? {
        severity: "FATAL",
        sqlState: "28000",
        message: `no pg_hba.conf entry for host "127.0.0.1", user "${user}", database "${database}", no encryption`,
      }
    : { severity: "ERROR", sqlState: "XX000", message: "connection is insecure (try using `sslmode=require`)" };
}

/** A TLS client that sent no server name; only a proxy minds, so there is one style. */
export const NO_SERVER_NAME: LoginError = {
  severity: "ERROR",
  sqlState: "XX000",
  message:
    "Endpoint ID is not specified. Either please upgrade the postgres client library (libpq) for SNI support or pass " +
    "the endpoint ID (first part of the domain name) as a parameter: '?options=endpoint%3D<endpoint-id>'.",
};
