/** What an expired authentication asks for before the statement can run again. */
export type Expiry = "reconnect" | "refresh-credentials";

const reconnect: ReadonlySet<string> = new Set(["390114", "390111", "390104", "407002", "401004"]);
const refresh: ReadonlySet<string> = new Set(["390195", "390303", "390318"]);

/**
 * Whether this error of the driver says that the session's authentication has expired, by its code alone; only an error
 * without a code is judged by its message. Never by its type, nor by `isUp()`, which stays true on 390114.
 */
export function expiryOf(error: unknown): Expiry | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (code !== undefined && code !== null) {
    const text = `${code as string | number}`;
    if (reconnect.has(text)) return "reconnect";
    return refresh.has(text) ? "refresh-credentials" : undefined;
  }
  const saysSo =
    typeof message === "string" && message.includes("390114") && /authentication token has expired/i.test(message);
  return saysSo ? "reconnect" : undefined;
}
