import { ValidationError } from "@org/data-source-core";

const longest = 63;
const most = 64;

/**
 * Query tags as job labels, by BigQuery's rules: lower case, letters, digits, `_` and `-`, at most 63 characters, a
 * key beginning with a letter, at most 64 of them. Other characters become `_`. Two tags that become one key, or too
 * many, are a ValidationError.
 */
export function labelsOf(tags: Readonly<Record<string, string>> | undefined): Record<string, string> | undefined {
  const entries = Object.entries(tags ?? {});
  if (entries.length === 0) return undefined;
  if (entries.length > most) {
    throw new ValidationError(`queryTags has ${entries.length} tags; BigQuery takes ${most} labels`, "queryTags");
  }
  const labels: Record<string, string> = {};
  for (const [tag, value] of entries) {
    const key = keyOf(tag);
    if (key in labels) throw new ValidationError(`queryTags: two tags become the label ${key}`, `queryTags.${tag}`);
    labels[key] = cut(clean(value));
  }
  return labels;
}

function keyOf(tag: string): string {
  const cleaned = clean(tag);
  return cut(/^[\p{Ll}\p{Lo}]/u.test(cleaned) ? cleaned : `t${cleaned}`);
}

function clean(text: string): string {
  return text
    .toWellFormed()
    .toLowerCase()
    .replace(/[^\p{Ll}\p{Lo}\p{N}_-]/gu, "_");
}

/** By characters, so that none is cut in half. */
function cut(text: string): string {
  return Array.from(text).slice(0, longest).join("");
}
