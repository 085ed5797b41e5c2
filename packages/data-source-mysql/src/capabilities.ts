import type { Capabilities } from "@org/data-source-core";
import type { ServerInfo } from "./server-info.ts";

/** What is promised, and who keeps the promise; `server` is unknown before the first connection. */
export function capabilitiesOf(server: ServerInfo | undefined): Capabilities {
  const flavour = server?.flavour;
  return {
    readOnly: {
      enforcedBy: "server",
      note: "The session is read-only, and a statement is prepared, so that it is one; what a read-only session lets through is refused by its tokens.",
      gaps: [
        "User-defined functions written in C act as they like.",
        "A stored function that a view or trigger calls may change the session's variables and settings, its being read-only included, for later statements on that connection; one that the text itself calls may not: the connection is reset.",
        "SLEEP, BENCHMARK and the like are allowed, up to the timeout.",
        "Tables of engines without transactions (MyISAM, MEMORY) are covered as well; files that the account may read by FILE are not data of this source.",
      ],
    },
    maxRows: {
      enforcedBy: "server",
      note: "sql_select_limit is maxRows + 1; a text with a LIMIT of its own is stopped by KILL QUERY when it exceeds it.",
      gaps: ["CALL and SHOW are cut by us."],
    },
    maxBytes: {
      enforcedBy: "client",
      note: "Rows are counted as they come; at the limit the statement is stopped by KILL QUERY.",
      gaps: ["Up to a packet's worth of rows more is sent."],
    },
    statementTimeout: {
      enforcedBy: "server",
      note:
        flavour === "mysql"
          ? "max_execution_time, and KILL QUERY by our clock."
          : "max_statement_time, and KILL QUERY by our clock.",
      gaps: [
        ...(flavour === "mariadb"
          ? []
          : [
              "MySQL's own limit covers only SELECT, and a hint (MAX_EXECUTION_TIME) lifts it; all else is left to KILL QUERY.",
            ]),
        "Between two batches of a stream there is only our clock.",
      ],
    },
    cancel: {
      enforcedBy: "server",
      note: "KILL QUERY over another connection to the same server; the connection is used again only after a statement of ours has gone through it.",
      gaps: ["Behind a proxy that leads to several servers the connection is closed instead."],
    },
    session: true,
    transaction: true,
    savepoint: true,
    atomicBatch: true,
    estimate: true,
    namedParams: false,
  };
}
