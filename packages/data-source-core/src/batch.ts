import type { DataSource } from "./data-source.ts";
import type { BatchOptions, QueryOptions, Request } from "./request.ts";
import type { QueryResult } from "./result.ts";

/** Several statements in one transaction. All go through `check` before the first is sent. */
export function createTransactionalBatch(
  transaction: DataSource["transaction"],
  check: (request: Request, options: QueryOptions) => unknown,
) {
  return async (requests: readonly Request[], given: BatchOptions = {}): Promise<QueryResult[]> => {
    const { isolation, ...options } = given;
    for (const request of requests) check(request, options);
    if (requests.length === 0) return [];
    const { maxRows, maxBytes, ...unit } = options;
    const limits = { ...(maxRows !== undefined && { maxRows }), ...(maxBytes !== undefined && { maxBytes }) };
    return transaction(
      async (tx) => {
        const results: QueryResult[] = [];
        for (const request of requests) results.push(await tx.query(request, limits));
        return results;
      },
      isolation === undefined ? unit : { ...unit, isolation },
    );
  };
}
