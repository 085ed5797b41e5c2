import { createHash } from "node:crypto";
import { encodeTagged } from "./codec.ts";
import type { QueryOptions, Request } from "./request.ts";
import { isSqlFragment, isTypedParam } from "./sql.ts";

/** Entries of another version of this package are not read. */
const version = 1;

/**
 * Who asks what, with which values and limits. A digest, since stores bound the length of a key, and so that values do
 * not lie about in keys. `undefined` for values that cannot be told apart, such as class instances.
 */
export function entryKey(
  principal: string,
  request: Request,
  { maxRows, maxBytes }: Pick<QueryOptions, "maxRows" | "maxBytes">,
): string | undefined {
  let text: string;
  try {
    text = encodeTagged([version, principal, describe(request), maxRows, maxBytes]);
  } catch {
    return undefined;
  }
  return `data-source:${createHash("sha256").update(text).digest("base64url")}`;
}

/** Only calls with the same deadline and tags share a flight: they would fail alike. */
export const flightKey = (key: string, { statementTimeoutMs, queryTags }: QueryOptions, ttlMs: number): string =>
  `${key}\n${encodeTagged([statementTimeoutMs, queryTags, ttlMs])}`;

/** A request's text and values; a fragment stays in pieces, since only its engine knows how to write it. */
function describe(request: Request): unknown {
  if (typeof request === "string") return { text: request };
  if (isSqlFragment(request)) {
    return request.pieces.map((piece) => (piece.kind === "value" ? describeValue(piece.value) : { piece }));
  }
  const { text, params, rowMode = "object" } = request;
  return { text, rowMode, params: params === undefined ? [] : describeParams(params) };
}

const describeParams = (params: object): unknown =>
  Array.isArray(params)
    ? params.map(describeValue)
    : { names: Object.entries(params).map(([name, value]) => [name, describeValue(value)]) };

/** Values say what they are, so that none can look like another. */
function describeValue(value: unknown): unknown {
  if (isTypedParam(value)) return ["typed", describeValue(value.value), value.type];
  return Array.isArray(value) ? ["array", ...value.map(describeValue)] : ["plain", value];
}
