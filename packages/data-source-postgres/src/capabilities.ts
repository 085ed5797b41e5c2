import type { Capabilities } from "@org/data-source-core";
import type { ResolvedPostgresOptions } from "./options.ts";

/** What is promised, and who keeps the promise. */
export function capabilitiesOf({ flavour, pooler }: ResolvedPostgresOptions): Capabilities {
  const isRedshift = flavour === "redshift";
  return {
    readOnly: {
      enforcedBy: isRedshift ? "client" : "server",
      note: isRedshift
        ? "Statements that are not reads are refused by their text, in the extended protocol, one at a time."
        : "Each statement runs alone in BEGIN READ ONLY by the extended protocol; what that does not stop and is known by name is refused.",
      gaps: [
        "Advisory locks (given up when the connection goes back to the pool), setseed, pg_sleep, pg_terminate_backend and pg_cancel_backend are allowed; pg_notify runs, but a read ends in ROLLBACK and delivers nothing.",
        "Functions of the database that act outside of its transactions: untrusted languages, dblink or foreign servers inside a function.",
      ],
    },
    maxRows: { enforcedBy: "server", note: "The portal is run for maxRows + 1 rows.", gaps: [] },
    maxBytes: {
      enforcedBy: "client",
      note: "Rows are fetched in batches, and no more than the one that exceeds the limit.",
      gaps: ["The server sends the whole batch."],
    },
    statementTimeout: {
      enforcedBy: "server",
      note: "statement_timeout inside the transaction, and a cancel request by our clock.",
      gaps: ["transactional: false leaves it to the cancel request."],
    },
    cancel: {
      enforcedBy: "server",
      note: "A cancel request over a TLS connection of its own; the connection is reused once the server has answered.",
      gaps: [],
    },
    session: pooler === "none",
    transaction: true,
    savepoint: !isRedshift,
    atomicBatch: true,
    estimate: true,
    namedParams: false,
  };
}
