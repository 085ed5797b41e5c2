import type { Capabilities, Guarantee } from "@org/data-source-core";
import type { ResolvedPostgresOptions } from "./options.ts";

const readOnly: Guarantee = {
  enforcedBy: "server",
  note: "Each statement runs alone in BEGIN READ ONLY by the extended protocol; what that does not stop and is known by name is refused.",
  gaps: [
    "Advisory locks (given up when the connection goes back to the pool), setseed, pg_sleep, pg_terminate_backend and pg_cancel_backend are allowed; pg_notify runs, but a read ends in ROLLBACK and delivers nothing.",
    "Functions of the database that act outside of its transactions: untrusted languages, dblink or foreign servers inside a function.",
  ],
};

const redshiftReadOnly: Guarantee = {
  enforcedBy: "client",
  note: "A text that is not one statement and a read, in every way in which it may be understood, is refused. BEGIN READ ONLY is sent and not relied on: use an account that is granted no more than SELECT.",
  gaps: [
    "User-defined functions: a Lambda or Python UDF or a model acts as it likes when a SELECT calls it.",
    "pg_terminate_backend and pg_cancel_backend are allowed.",
  ],
};

/** What is promised, and who keeps the promise. */
export function capabilitiesOf({ flavour, pooler }: ResolvedPostgresOptions): Capabilities {
  const isRedshift = flavour === "redshift";
  return {
    readOnly: isRedshift ? redshiftReadOnly : readOnly,
    maxRows: {
      enforcedBy: "server",
      note: "The portal is run for maxRows + 1 rows.",
      gaps: isRedshift ? ["Kept by a named portal, as public drivers do; seen on Postgres only."] : [],
    },
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
