/** A product, which decides the names of its settings. */
export type Flavour = "mysql" | "mariadb";

/** What is set on a connection for its next statement, when it differs from what was set for the last. */
export interface Settings {
  readonly readOnly: boolean;
  /** The server's own limit; `undefined`: none. */
  readonly timeoutMs: number | undefined;
  /** Rows of a SELECT that has no LIMIT of its own. */
  readonly selectLimit: number;
  /** How long the server waits for a client that does not read on. */
  readonly writeTimeoutMs: number;
}

type Assignment = (settings: Settings) => string;

const names: Readonly<Record<Flavour, readonly Assignment[]>> = {
  // MariaDB counts seconds and applies it to every statement, MySQL milliseconds of a SELECT.
  mariadb: [
    ({ readOnly }) => `tx_read_only=${Number(readOnly)}`,
    ({ timeoutMs }) => `max_statement_time=${timeoutMs === undefined ? 0 : Math.min(timeoutMs, longestMs) / 1000}`,
  ],
  mysql: [
    ({ readOnly }) => `transaction_read_only=${Number(readOnly)}`,
    ({ timeoutMs }) => `max_execution_time=${timeoutMs === undefined ? 0 : Math.min(Math.ceil(timeoutMs), longestMs)}`,
  ],
};
const both: readonly Assignment[] = [
  ({ selectLimit }) => `sql_select_limit=${selectLimit === Infinity ? "18446744073709551615" : selectLimit}`,
  ({ writeTimeoutMs }) => `net_write_timeout=${Math.ceil(Math.min(writeTimeoutMs, longestMs) / 1000)}`,
];
/** 24 days: more than any of these needs, and less than each may be. */
const longestMs = 2_000_000_000;

/** The assignments for SET SESSION that lead from one to the other; empty if there is nothing to do. */
export function changes(flavour: Flavour, from: Settings | undefined, to: Settings): string[] {
  if (from && isSame(from, to)) return [];
  return [...names[flavour], ...both].flatMap((assign) => (from && assign(from) === assign(to) ? [] : [assign(to)]));
}

function isSame(a: Settings, b: Settings): boolean {
  return (
    a.readOnly === b.readOnly &&
    a.timeoutMs === b.timeoutMs &&
    a.selectLimit === b.selectLimit &&
    a.writeTimeoutMs === b.writeTimeoutMs
  );
}

/** Modes under which the server would cut SQL into other tokens than the read-only check does. */
const otherGrammars = new Set(
  "ANSI_QUOTES NO_BACKSLASH_ESCAPES ANSI DB2 MAXDB MSSQL ORACLE POSTGRESQL MYSQL323 MYSQL40".split(" "),
);

/** What every connection has for all of its life. `sqlMode` is the server's own, from which nothing else is taken. */
export function baseline(sqlMode: string): string {
  const modes = sqlMode.split(",").filter((mode) => /^\w+$/.test(mode) && !otherGrammars.has(mode));
  // The driver's login asks for it, but a reset forgets it.
  if (!modes.includes("IGNORE_SPACE")) modes.push("IGNORE_SPACE");
  return [
    "NAMES utf8mb4",
    "time_zone='+00:00'",
    "autocommit=1",
    // The place of a syntax error is only in its message.
    "lc_messages='en_US'",
    `sql_mode='${modes.join(",")}'`,
  ].join(", ");
}
