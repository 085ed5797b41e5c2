/** The command line itself is wrong. */
export class UsageError extends Error {}

export const usage = `Usage: data-source <command> [options]

  check                   connect step by step and say which step fails, and what to do
  query [sql]             run one statement; only reads, unless --write
  introspect              schemas, tables and columns
  estimate [sql]          what a statement would cost, without running it

The SQL comes from the argument, --file, or standard input.

Which data source (credentials never belong in arguments):
  --env <name>            variable that holds its URL (default: DATA_SOURCE_URL)
  --config <file>         JSON file: {"kind": "postgres", "host": …}, or a URL in quotes

Options:
  --format <format>       query: table, json, csv, ndjson; introspect: tree, json; check and estimate: table, json
                          (default: the first on a terminal, json otherwise)
  --timeout <time>        such as 500ms, 30s, 5m (default: the data source's own, 60s unless set)
  --file <path>           query, estimate: read the SQL from a file
  --max-rows <n>          query: rows to print, or "all" (default: 10000)
  --write                 query: allow the statement to write
  --schema <pattern>      introspect: only these schemas; * stands for any characters; may be repeated
  --table <pattern>       introspect: only these tables; likewise
  --help, --version

Exit codes:
  0    done
  1    the statement failed, or check found a failing step
  2    wrong arguments or configuration; nothing was run
  3    could not connect or log in
  4    refused: it may write, and --write was not given
  5    timed out
  6    a write may or may not have happened: look at the data before trying again
  130  cancelled with Ctrl-C (143: SIGTERM); the statement was stopped on the server too
`;
