import { toJsonRow } from "@org/data-source-core";

const short: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** What steers a terminal: control characters, such as in escape sequences, and changes of the writing direction. */
const steering = /[\p{Cc}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu;
const escaped = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** For a terminal: what would steer it is shown instead of sent. */
export function printable(text: string): string {
  return text.replaceAll(steering, (char) => short[char] ?? escaped(char));
}

/** Likewise for text of several lines. JSON stays JSON: outside of its strings it has nothing to replace. */
export function printableLines(text: string): string {
  return text.replaceAll(steering, (char) => (char === "\n" || char === "\t" ? char : escaped(char)));
}

/** A value as text, without loss; `undefined` for null. */
export function toText(value: unknown): string | undefined {
  const json = toJsonRow(value);
  if (json === null) return undefined;
  return typeof json === "string" ? json : JSON.stringify(json);
}
