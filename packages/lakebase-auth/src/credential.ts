import { CredentialError } from "./errors.ts";
import { readJwtTiming } from "./jwt.ts";
import { estimateLifeMs, type Instant, type Lifetime, type LifetimeEvidence } from "./lifetime.ts";
import type { Fetched } from "./refresh-cache.ts";
import { withSecret } from "./secret-field.ts";

/** A short-lived password for Postgres. */
export interface DatabaseCredential {
  /** The secret: readable, but not enumerable, so that it does not reach logs by accident. */
  readonly token: string;
  /** On the local clock. */
  readonly expiresAt: Date;
}

/** @internal */
export function toFetchedCredential(
  token: unknown,
  expiry: unknown,
  startedAt: Instant,
  evidence: LifetimeEvidence,
): Fetched<DatabaseCredential> {
  if (typeof token !== "string" || token.trim() === "")
    throw new CredentialError("Minting a database credential returned no token.", { code: "EMPTY_TOKEN" });
  const timing = readJwtTiming(token);
  const stated = parseExpiry(expiry);
  const ownLifeMs =
    timing.issuedAtMs !== undefined && timing.expiresAtMs !== undefined
      ? timing.expiresAtMs - timing.issuedAtMs
      : undefined;
  const lifeMs = estimateLifeMs(
    { expiresInMs: ownLifeMs, ...evidence, expiresAtMs: stated ?? timing.expiresAtMs },
    startedAt.wallMs,
  );
  const lifetime: Lifetime = { startedAt, lifeMs };
  const value = withSecret({ expiresAt: new Date(startedAt.wallMs + lifeMs) }, "token", token);
  return { value, secret: token, lifetime };
}

/** Epoch milliseconds of a Date, a number or an ISO text; undefined for anything else. */
function parseExpiry(expiry: unknown): number | undefined {
  const ms =
    expiry instanceof Date
      ? expiry.getTime()
      : typeof expiry === "number"
        ? expiry
        : typeof expiry === "string"
          ? Date.parse(expiry)
          : Number.NaN;
  return Number.isFinite(ms) ? ms : undefined;
}
