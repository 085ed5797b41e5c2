const patterns: readonly [RegExp, string][] = [
  [/\beyJ[\w-]+\.[\w-]+(\.[\w-]*)?/g, "[redacted]"],
  [/\bdapi[0-9a-f]{8,}(-\d+)?\b/gi, "[redacted]"],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, "$1 [redacted]"],
  [
    /((?:token|secret|password|assertion|authorization|api[-_]?key|cookie)["']?\s*[=:]\s*["']?)[^\s"',;&}]+/gi,
    "$1[redacted]",
  ],
  [/(:\/\/[^\s/:@]*:)[^\s/@]+@/g, "$1[redacted]@"],
  // Too long for a word, a name or a UUID.
  [/[\w+=-]{40,}/g, "[redacted]"],
];

/** Removes what looks like a credential, and every one of `secrets`, from a foreign text. */
export function redact(text: string, secrets: readonly string[] = []): string {
  let clean = text;
  for (const secret of secrets) if (secret.length > 0) clean = clean.replaceAll(secret, "[redacted]");
  for (const [pattern, replacement] of patterns) clean = clean.replace(pattern, replacement);
  return clean;
}

/**
 * A copy of a foreign error that is safe to attach as a cause: name, redacted message and
 * machine-readable codes. Everything else (responses, request configs, headers) stays behind.
 */
export function safeCause(error: unknown, secrets: readonly string[] = [], depth = 0): Error {
  const source = error instanceof Error ? error : new Error(typeof error === "string" ? error : "unknown failure");
  const copy = new Error(redact(source.message, secrets));
  copy.name = source.name;
  delete copy.stack;
  for (const field of ["code", "errno", "syscall", "status", "statusCode", "errorCode"] as const) {
    const value: unknown = Reflect.get(source, field);
    if (typeof value === "number") Object.assign(copy, { [field]: value });
    if (typeof value === "string") Object.assign(copy, { [field]: redact(value, secrets) });
  }
  if (source.cause !== undefined && depth < 4) copy.cause = safeCause(source.cause, secrets, depth + 1);
  return copy;
}
