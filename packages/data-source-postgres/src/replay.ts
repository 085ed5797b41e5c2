import { isDataSourceError } from "@org/data-source-core";
import type { Deadline } from "@org/data-source-core/adapter";
import type { Lease } from "./connection.ts";
import { isUnsent } from "./lease.ts";
import type { Place } from "./queryable.ts";

/**
 * Does `work` with a connection of the place. If that connection broke, `work` is done once more with another one, when
 * it may be: outside of a session or transaction, and if it is a read or was never sent. `work` gives the connection
 * back when it fulfils, and need not when it rejects.
 */
export async function withReplay<T>(
  place: Place,
  deadline: Deadline,
  isRead: boolean,
  work: (lease: Lease) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    const lease = await place.lease(deadline);
    try {
      return await work(lease);
    } catch (error) {
      await lease.end();
      const isLost = isDataSourceError(error, "CONNECTION") && place.canReplay;
      const mayReplay = isLost && (isRead || isUnsent(error));
      if (!mayReplay || attempt > 1 || deadline.signal.aborted) throw error;
    }
  }
}
