import { createHash, createPublicKey, verify } from "node:crypto";

/** Checks a key pair login as the service does: signature, fingerprint of the registered key, account, user, life. */
export function isValidJwt(
  token: string,
  key: { publicKey: string; account: string; user: string; now: number },
): boolean {
  const [header, payload, signature] = token.split(".");
  if (header === undefined || payload === undefined || signature === undefined) return false;
  const { alg } = parse(header);
  if (alg !== "RS256") return false;
  const publicKey = createPublicKey(key.publicKey);
  const signed = Buffer.from(`${header}.${payload}`);
  if (!verify("RSA-SHA256", signed, publicKey, Buffer.from(signature, "base64url"))) return false;
  const fingerprint = createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest("base64");
  const subject = `${key.account}.${key.user}`.toUpperCase();
  const { iss, sub, iat, exp } = parse(payload);
  if (iss !== `${subject}.SHA256:${fingerprint}` || sub !== subject) return false;
  // The driver writes milliseconds where the standard has seconds; the service takes both.
  return inMs(exp) > key.now && inMs(iat) <= key.now + 60_000;
}

function parse(part: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(part, "base64url").toString()) as Record<string, unknown>;
}

function inMs(time: unknown): number {
  const value = Number(time);
  return value > 1e11 ? value : value * 1000;
}
