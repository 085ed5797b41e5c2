/** The timing claims of a JWT, read without verifying it: for scheduling only, never for trust. */
export interface JwtTiming {
  readonly issuedAtMs?: number;
  readonly expiresAtMs?: number;
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
  const payload = readJwtPayload(token);
  return {
    ...(typeof payload?.["iat"] === "number" && { issuedAtMs: payload["iat"] * 1000 }),
    ...(typeof payload?.["exp"] === "number" && { expiresAtMs: payload["exp"] * 1000 }),
  };
}
