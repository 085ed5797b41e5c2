const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `10s`, `500ms`, `5m`, `1h`, or a bare number of seconds → ms. */
export function parseDuration(flag: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text);
  if (match === null) throw new Error(`${flag}: expected a duration such as 10s, 500ms, 5m or 1h, got "${text}"`);
  return Number(match[1]) * (UNITS[match[2] ?? "s"] ?? 1000);
}
