import type { Lifetime } from "./lifetime.ts";

/** A secret with what it means to its holders and how long it lives. */
export interface Fetched<T> {
  readonly value: T;
  readonly secret: string;
  readonly lifetime: Lifetime;
}

/** What a flight is told: when to stop, and whether somebody waits for it right now. */
export interface Flight {
  readonly signal: AbortSignal;
  isAwaited(): boolean;
}
