/** The timing claims of a JWT, read without verifying it: for scheduling only, never for trust. */
export interface JwtTiming {
  /** The whole life, which needs no clock. */
  readonly lifeMs: number | undefined;
  readonly expiresAtMs: number | undefined;
}

/** The payload, or undefined when the token is no JWT. */
export function readJwtPayload(token: string): Record<string, unknown> | undefined {
  const part = token.split(".")[1];
  if (part === undefined) return undefined;
  try {
    const base64 = part.replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const payload: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof payload === "object" && payload !== null ? (payload as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

export function readJwtTiming(token: string): JwtTiming {
  const { iat, exp } = readJwtPayload(token) ?? {};
  if (typeof exp !== "number") return { lifeMs: undefined, expiresAtMs: undefined };
  return { lifeMs: typeof iat === "number" ? (exp - iat) * 1000 : undefined, expiresAtMs: exp * 1000 };
}
