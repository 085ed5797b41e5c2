import { CredentialError } from "./errors.ts";
import { readJwtTiming } from "./jwt.ts";
import { epochMs, estimateLifeMs, type Instant, type Lifetime, type LifetimeEvidence } from "./lifetime.ts";
import type { Fetched } from "./flight.ts";
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
  evidence: Pick<LifetimeEvidence, "serverNowMs" | "isSecondHand">,
): Fetched<DatabaseCredential> {
  if (typeof token !== "string" || token.trim() === "")
    throw new CredentialError("The source of the database credential returned no token.", { code: "EMPTY_TOKEN" });
  const timing = readJwtTiming(token);
  const stated = epochMs(expiry);
  const expiresAtMs = Number.isNaN(stated) ? timing.expiresAtMs : stated;
  const lifeMs = estimateLifeMs({ ...evidence, statedLivesMs: [timing.lifeMs], expiresAtMs }, startedAt.wallMs);
  const lifetime: Lifetime = { startedAt, lifeMs };
  const value = withSecret({ expiresAt: new Date(startedAt.wallMs + lifeMs) }, "token", token);
  return { value, secret: token, lifetime };
}
