import type { EngineName } from "../engines/engine.ts";

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
  readonly writes: Map<string, "done" | "not done" | "unknown">;
}

export function createTally(name: EngineName): Tally {
  return {
    name,
    succeeded: new Map(),
    failed: new Map(),
    faults: new Map(),
    violations: [],
    writes: new Map(),
  };
}

export const increment = (counts: Map<string, number>, key: string): void =>
  void counts.set(key, (counts.get(key) ?? 0) + 1);

export const sum = (counts: ReadonlyMap<string, number>): number => [...counts.values()].reduce((a, b) => a + b, 0);
