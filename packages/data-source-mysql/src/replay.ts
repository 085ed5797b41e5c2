import { isDataSourceError } from "@org/data-source-core";
import type { Deadline } from "@org/data-source-core/adapter";
import type { Engine, Lease, Place } from "./queryable.ts";

/**
 * Does `work` with a connection of the place, and once more with another one if that connection broke: code CONNECTION
 * says that what was sent is a read, or that the server cannot have run it. `work` gives the connection back when it
 * fulfils, and need not when it rejects.
 */
export async function withReplay<T>(
  { onEvent }: Engine,
  place: Place,
  deadline: Deadline,
  work: (lease: Lease) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    const lease = await place.lease(deadline);
    try {
      return await work(lease);
    } catch (error) {
      await lease.end();
      const isLost = isDataSourceError(error, "CONNECTION") && place.canReplay;
      if (!isLost || attempt > 1 || deadline.signal.aborted) throw error;
      onEvent({ type: "retry", attempt: 2, reason: "connection lost" });
    }
  }
}
