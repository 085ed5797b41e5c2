import { createDeadline, type Deadline } from "@org/data-source-core/adapter";

/** What is still done for a call whose deadline is over, such as watching a cancelled job, takes no longer. */
export const aftermathMs = 5_000;

/**
 * Work that the deadline does not break off: it only stops waiting, once `left` has done what is due then. What would
 * be broken off is a reply that says what the server has begun.
 */
export async function unhurried<T>(
  work: (own: Deadline) => Promise<T>,
  deadline: Deadline,
  left: (reply: Promise<T>) => Promise<void>,
): Promise<T> {
  const over = new AbortController();
  using own = createDeadline({ timeoutMs: Infinity, signals: [over.signal], kind: "bigquery" });
  deadline.throwIfOver();
  const reply = work(own);
  try {
    return await deadline.race(reply);
  } catch (error) {
    if (deadline.signal.aborted) await left(reply);
    throw error;
  } finally {
    over.abort();
  }
}

/** Waits for it to settle either way, for some seconds. */
export async function settled(work: Promise<unknown>): Promise<void> {
  using deadline = createDeadline({ timeoutMs: aftermathMs, kind: "bigquery" });
  await Promise.allSettled([deadline.race(work)]);
}
