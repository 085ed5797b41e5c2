import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

export type TokenKind = "database" | "workspace";

export interface TokenClaims {
  /** `database` or `workspace`: one kind is never accepted in the place of the other. */
  aud: TokenKind;
  sub: string;
  /** Seconds with a fraction, so that a life of one second is exactly that. */
  iat: number;
  exp: number;
  nbf?: number;
  /** Position in the order of issue; revocation cuts this order. */
  jti: string;
  endpoint?: string;
  instances?: readonly string[];
}

type Verdict =
  | { ok: true; claims: TokenClaims }
  | { ok: false; problem: "encoding" | "signature" | "revoked" }
  | { ok: false; problem: "audience" | "expired" | "not-yet"; claims: TokenClaims };

export interface TokenIssuer {
  issue(
    claims: { aud: TokenKind; sub: string; lifeMs: number } & Pick<TokenClaims, "endpoint" | "instances" | "nbf">,
  ): IssuedToken;
  verify(token: string, kind: TokenKind): Verdict;
  /** Every token of this kind that was issued so far becomes invalid. */
  revoke(kind: TokenKind): void;
}

interface IssuedToken {
  token: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

const HEADER = encode({ alg: "HS256", typ: "JWT" });

/** HS256 JWTs under a key of its own: the tokens of one emulator mean nothing to another. */
export function createTokenIssuer(): TokenIssuer {
  const key = randomBytes(32);
  let issued = 0;
  const revokedUpTo: Record<TokenKind, number> = { database: 0, workspace: 0 };

  const sign = (content: string): Buffer => createHmac("sha256", key).update(content).digest();

  return {
    issue({ lifeMs, ...rest }) {
      issued += 1;
      const now = Date.now();
      const claims: TokenClaims = { ...rest, iat: now / 1000, exp: (now + lifeMs) / 1000, jti: String(issued) };
      const content = `${HEADER}.${encode(claims)}`;
      return { token: `${content}.${sign(content).toString("base64url")}`, expiresAt: now + lifeMs };
    },
    verify(token, kind) {
      const [header, payload, signature, ...rest] = token.split(".");
      const claims = decode(payload ?? "");
      if (header === undefined || signature === undefined || rest.length > 0 || claims === undefined) {
        return { ok: false, problem: "encoding" };
      }
      const expected = sign(`${header}.${payload}`);
      const actual = Buffer.from(signature, "base64url");
      if (actual.length !== expected.length || !timingSafeEqual(actual, expected)) {
        return { ok: false, problem: "signature" };
      }
      if (Number(claims.jti) <= revokedUpTo[claims.aud]) return { ok: false, problem: "revoked" };
      if (claims.aud !== kind) return { ok: false, problem: "audience", claims };
      if (Date.now() >= claims.exp * 1000) return { ok: false, problem: "expired", claims };
      if (claims.nbf !== undefined && Date.now() < claims.nbf * 1000) return { ok: false, problem: "not-yet", claims };
      return { ok: true, claims };
    },
    revoke(kind) {
      revokedUpTo[kind] = issued;
    },
  };
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function decode(part: string): TokenClaims | undefined {
  const value = decodeJwtPart(part);
  return value === undefined ? undefined : (value as unknown as TokenClaims);
}

/** The JSON object in one part of a JWT; `undefined` if there is none. */
export function decodeJwtPart(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
