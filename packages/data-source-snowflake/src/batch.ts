import type { BatchOptions, QueryResult, Request } from "@org/data-source-core";
import { type Place, resolveQuery } from "./queryable.ts";
import type { createTransaction } from "./transaction.ts";

/** Several statements in one transaction. All are checked before the first is sent. */
export function createBatch(place: Place, transaction: ReturnType<typeof createTransaction>) {
  return async (requests: readonly Request[], given: BatchOptions = {}): Promise<QueryResult[]> => {
    const { isolation, ...options } = given;
    const inTransaction: Place = { ...place, statements: (readOnly) => (readOnly ? "read" : "transaction") };
    for (const request of requests) resolveQuery(request, options, inTransaction);
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
