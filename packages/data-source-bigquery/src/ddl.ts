import type { CatalogPartitioning } from "@org/data-source-core";
import { classify } from "./read-only.ts";

/** What follows PARTITION BY in a table's DDL. `null`: it has none. */
export function partitioningOf(ddl: string): CatalogPartitioning | null {
  const tokens = classify(ddl).statements[0]?.tokens ?? [];
  const by = tokens.findIndex(({ text }, index) => text === "PARTITION" && tokens[index + 1]?.text === "BY");
  const first = tokens[by + 2];
  if (by === -1 || first === undefined) return null;
  let depth = 0;
  let end = ddl.length;
  for (const { kind, text, start } of tokens.slice(by + 2)) {
    if (text === "(") depth += 1;
    else if (text === ")") depth -= 1;
    else if (depth === 0 && kind === "word" && followers.has(text)) {
      end = start;
      break;
    }
  }
  const expression = ddl.slice(first.start, end).replace(/;\s*$/, "").trim();
  return {
    strategy: first.text === "RANGE_BUCKET" ? "range" : "time",
    expressions: [expression],
    partitions: undefined,
  };
}

/** What may come after the expression. */
const followers = new Set(["CLUSTER", "OPTIONS", "AS", "WITH"]);

/** The text of a string literal as INFORMATION_SCHEMA writes it. */
export function literalText(literal: string): string | undefined {
  try {
    const value: unknown = JSON.parse(literal);
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

/** `[STRUCT("key", "value"), …]` as an object. */
export function labelsInOption(value: string): Record<string, string> {
  const pairs = value.matchAll(/STRUCT\(\s*("(?:[^"\\]|\\.)*")\s*,\s*("(?:[^"\\]|\\.)*")\s*\)/g);
  return Object.fromEntries(
    [...pairs].map(([, key = "", text = ""]) => [literalText(key) ?? key, literalText(text) ?? text]),
  );
}
