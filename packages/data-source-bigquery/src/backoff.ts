import type { Deadline } from "@org/data-source-core/adapter";
import { setTimeout as delay } from "node:timers/promises";

/** Attempts in all. */
const maxAttempts = 5;
const firstMs = 250;
const longestMs = 8_000;

/** Doubles from 250 ms to 8 s; a random half of it, so that many clients do not return in step. */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  const full = Math.min(longestMs, firstMs * 2 ** (attempt - 1));
  return full * (0.5 + random() / 2);
}

/** Waits before attempt `attempt + 1`; rejects with `error` when there is no attempt or time left. */
export async function backoff(attempt: number, deadline: Deadline, error: unknown): Promise<void> {
  deadline.throwIfOver();
  const ms = backoffMs(attempt);
  if (attempt >= maxAttempts || deadline.remainingMs() <= ms) throw error;
  try {
    await delay(ms, undefined, { signal: deadline.signal });
  } catch {
    deadline.throwIfOver();
  }
}
