import type { Capabilities } from "@org/data-source-core";

/** What is promised, and who keeps the promise. */
export const capabilities: Capabilities = {
  readOnly: {
    enforcedBy: "client",
    note: "Not enforced by the server, which has no read-only mode: each text must be one statement that reads, by its tokens. Give the role no privilege to write; check() says whether it has one.",
    gaps: [
      "User-defined functions and table functions that act: external functions, functions with network access, stored procedures called in FROM.",
      "Cost: any read may use the warehouse up to its timeout.",
    ],
  },
  maxRows: { enforcedBy: "server", note: "ROWS_PER_RESULTSET of the statement, one row more than wanted.", gaps: [] },
  maxBytes: {
    enforcedBy: "client",
    note: "Rows are read in chunks, and no more than the one that exceeds the limit.",
    gaps: ["The server has computed the whole result."],
  },
  statementTimeout: {
    enforcedBy: "server",
    note: "STATEMENT_TIMEOUT_IN_SECONDS of the statement, and a cancel request by our clock.",
    gaps: ["The server's own timer counts whole seconds."],
  },
  cancel: { enforcedBy: "server", note: "An abort request, repeated until the statement has ended.", gaps: [] },
  session: true,
  transaction: true,
  savepoint: false,
  atomicBatch: true,
  estimate: true,
  namedParams: false,
};
