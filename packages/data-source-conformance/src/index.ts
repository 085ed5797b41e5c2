import { describe } from "vitest";
import { batchCases } from "./batch.ts";
import { cancelCases } from "./cancel.ts";
import { checkCases } from "./check.ts";
import { closeCases } from "./close.ts";
import { concurrencyCases } from "./concurrency.ts";
import { connectCases } from "./connect.ts";
import { errorCases } from "./errors.ts";
import type { Harness } from "./harness.ts";
import { introspectionCases } from "./introspection.ts";
import { limitCases } from "./limits.ts";
import { parameterCases } from "./parameters.ts";
import { queryCases } from "./query.ts";
import { readOnlyCases } from "./read-only.ts";
import { redactionCases } from "./redaction.ts";
import { sessionCases } from "./session.ts";
import { streamCases } from "./stream.ts";
import { createSuite } from "./suite.ts";
import { timeoutCases } from "./timeout.ts";
import { transactionCases } from "./transaction.ts";
import { typeCases } from "./types.ts";

export type { Harness, HarnessSql, IntrospectionFixture, RoundTrip, ServerObserver, TypeCase } from "./harness.ts";

/** Registers every case for one engine. Call it at the top of an adapter's `test/conformance.int.test.ts`. */
export function describeDataSource(harness: Harness): void {
  describe(`conformance: ${harness.name}`, () => {
    const suite = createSuite(harness);
    connectCases(suite);
    checkCases(suite);
    queryCases(suite);
    parameterCases(suite);
    typeCases(suite);
    limitCases(suite);
    timeoutCases(suite);
    cancelCases(suite);
    readOnlyCases(suite);
    streamCases(suite);
    sessionCases(suite);
    transactionCases(suite);
    batchCases(suite);
    introspectionCases(suite);
    errorCases(suite);
    concurrencyCases(suite);
    closeCases(suite);
    redactionCases(suite);
  });
}
export { type Proxy, startProxy } from "./proxy.ts";
