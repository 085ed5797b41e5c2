import { toJsonRow } from "@org/data-source-core";

const short: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** For a terminal: what would steer it (escape sequences, changes of writing direction) is shown instead of sent. */
export function printable(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu,
    (char) => short[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** A value as text, without loss; `undefined` for null. */
export function toText(value: unknown): string | undefined {
  const json = toJsonRow(value);
  if (json === null) return undefined;
  return typeof json === "string" ? json : JSON.stringify(json);
}
