import type { EngineName } from "../engines/engine.ts";

export interface Write {
  readonly fate: "done" | "not done" | "unknown";
  /** What the caller was told, for whoever looks into a violation. */
  readonly told: string;
}

/** What happened on one engine. */
export interface Tally {
  readonly name: EngineName;
  readonly succeeded: Map<string, number>;
  /** By operation and code. */
  readonly failed: Map<string, number>;
  readonly faults: Map<string, number>;
  /** What must never happen. */
  readonly violations: string[];
  /** What became of each write, as far as its caller knows. */
  readonly writes: Map<string, Write>;
  /** What the server holds for clients when all is closed. `undefined`: not asked. */
  leftOpen: number | undefined;
  /** What goes on, for when it does not end. */
  readonly running: Set<string>;
}

export function createTally(name: EngineName): Tally {
  return {
    name,
    succeeded: new Map(),
    failed: new Map(),
    faults: new Map(),
    violations: [],
    writes: new Map(),
    leftOpen: undefined,
    running: new Set(),
  };
}

/** Is seen as running while it does. */
export async function watched<T>({ running }: Tally, what: string, work: Promise<T>): Promise<T> {
  running.add(what);
  try {
    return await work;
  } finally {
    running.delete(what);
  }
}

export const increment = (counts: Map<string, number>, key: string): void =>
  void counts.set(key, (counts.get(key) ?? 0) + 1);

export const sum = (counts: ReadonlyMap<string, number>): number => [...counts.values()].reduce((a, b) => a + b, 0);
