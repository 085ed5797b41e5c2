import type { Capabilities } from "@org/data-source-core";

/** What is promised, and who keeps the promise. */
export const capabilities: Capabilities = {
  readOnly: {
    enforcedBy: "server",
    note: "A dry run asks the server what the statement is; only SELECT runs. The answer is remembered for ten minutes by text and types.",
    gaps: [
      "Remote functions and EXTERNAL_QUERY act elsewhere although the statement is a SELECT: grant the account no connections that may write.",
      "Temporary functions before a SELECT are allowed; they cannot write.",
    ],
  },
  maxRows: {
    enforcedBy: "server",
    note: "Pages are asked for with maxResults, never more than maxRows + 1 rows in all.",
    gaps: ["The job itself computes, and bills, the whole result."],
  },
  maxBytes: {
    enforcedBy: "client",
    note: "Counted as pages arrive; no page is asked for after the limit.",
    gaps: ["The server sends the whole page: 10,000 rows or about 10 MB, of a stream about 4 MB."],
  },
  statementTimeout: {
    enforcedBy: "server",
    note: "jobTimeoutMs on the job, and a cancel by our clock.",
    gaps: ["BigQuery tries to stop a job at its timeout, and may finish a short one first."],
  },
  cancel: {
    enforcedBy: "server",
    note: "jobs.cancel, watched until the job is DONE for up to 5 seconds.",
    gaps: ["A cancelled job may be billed."],
  },
  session: false,
  transaction: false,
  savepoint: false,
  atomicBatch: false,
  estimate: true,
  namedParams: true,
};
