import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { createPostgresDataSource, type PostgresDataSourceOptions } from "../src/index.ts";
import type { Source } from "./server.ts";

/** A relay before a server that writes down what the client says. */
export interface Recorder {
  /** A data source of the Redshift flavour that connects through it. */
  open(options?: PostgresDataSourceOptions): Source;
  /** Messages since the last call, such as `Bind q` or `Execute q 11`; without the login's. */
  take(): string[];
  /** Breaks the connection of whoever says this next, before the server hears of it. */
  cutAt(message: string): void;
  close(): Promise<void>;
}

export async function startRecorder(adminUri: string): Promise<Recorder> {
  const { searchParams, username, pathname } = new URL(adminUri);
  let messages: string[] = [];
  let fatal: string | undefined;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(`${searchParams.get("host")}/.s.PGSQL.5432`);
    const decode = createDecoder((message) => {
      messages.push(message);
      if (message === fatal) {
        fatal = undefined;
        client.destroy();
      }
    });
    client.on("data", (data: Buffer) => {
      decode(data);
      if (!client.destroyed) upstream.write(data);
    });
    upstream.on("data", (data) => client.write(data));
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    open: (options) =>
      createPostgresDataSource({
        host: "127.0.0.1",
        port,
        user: username,
        database: pathname.slice(1),
        flavour: "redshift",
        env: {},
        ...options,
      }),
    take: () => {
      const taken = messages;
      messages = [];
      return taken;
    },
    cutAt: (message) => {
      fatal = message;
    },
    close: async () => {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Cuts a stream of bytes into the client's messages. */
function createDecoder(emit: (message: string) => void): (data: Buffer) => void {
  let rest = Buffer.alloc(0);
  let isStarted = false;
  return (data) => {
    rest = Buffer.concat([rest, data]);
    for (;;) {
      // The first message has no type.
      const header = isStarted ? 1 : 0;
      if (rest.length < header + 4) return;
      const end = header + rest.readInt32BE(header);
      if (rest.length < end) return;
      const body = rest.subarray(header + 4, end);
      if (isStarted) emit(describeMessage(String.fromCodePoint(rest[0] as number), body));
      else if (body.readInt32BE(0) === 80877102) emit("CancelRequest");
      isStarted = true;
      rest = rest.subarray(end);
    }
  };
}

const others: Readonly<Record<string, string>> = { S: "Sync", X: "Terminate", H: "Flush", p: "Password" };

function describeMessage(type: string, body: Buffer): string {
  const [first = "", second = ""] = body.toString("utf8").split("\0");
  if (type === "P") return `Parse ${second}`;
  if (type === "B") return `Bind ${first}`;
  if (type === "D") return `Describe ${first}`;
  if (type === "C") return `Close ${first}`;
  if (type === "E") return `Execute ${first} ${body.readInt32BE(body.indexOf(0) + 1)}`;
  if (type === "Q") return `Query ${first}`;
  return others[type] ?? `message ${type}`;
}

/** What Redshift is known, or must be feared, to refuse: each message that breaks a rule, with its place. */
export function violations(messages: readonly string[]): string[] {
  const found: string[] = [];
  let open: string | undefined;
  for (const [index, message] of messages.entries()) {
    const [kind = "", portal = "", rows = ""] = message.split(" ");
    const isAllowed = ["Parse", "Bind", "Describe", "Execute", "Close", "Sync", "Terminate", "CancelRequest"];
    if (!isAllowed.includes(kind)) found.push(`${index}: ${message}: a kind of message that it lacks`);
    if (kind === "Execute" && rows !== "0") {
      if (portal === "") found.push(`${index}: ${message}: a row limit on the unnamed portal`);
      open = portal;
    } else if (kind === "Close" && portal === `P${open}`) open = undefined;
    else if (kind === "Parse") {
      if (open !== undefined) found.push(`${index}: ${message}: while portal ${open} may have rows left`);
      for (const [name, pattern] of absent) if (pattern.test(message)) found.push(`${index}: ${name} in ${message}`);
    }
  }
  return found;
}

/** SQL that Redshift does not have, or of which nothing says that it has it. */
const absent: readonly (readonly [string, RegExp])[] = [
  ["LATERAL", /\blateral\b/i],
  ["arrays as parameters", /\$\d+\s*::\s*\w+\[\]|\[\]/],
  [
    "arrays of values",
    /\b(?:array_agg|array_to_json|unnest|generate_series|generate_subscripts|string_agg)\b|\barray\[/i,
  ],
  ["JSON functions of Postgres", /\b(?:to_jsonb?|jsonb?_\w+|row_to_json)\b/i],
  ["EXPLAIN with options", /^Parse explain\s*\(/i],
  ["to_regtype and regclass casts", /\bto_reg\w+|::reg\w+/i],
  ["catalogs after Postgres 8.0", /\bpg_(?:range|enum|sequences|collation|extension|foreign_\w+)\b/i],
  [
    "columns after Postgres 8.0",
    /\b(?:attidentity|attgenerated|attcollation|relpersistence|typcategory|conenforced)\b/i,
  ],
  ["WITH ORDINALITY", /\bordinality\b/i],
  ["TABLESAMPLE", /\btablesample\b/i],
  ["savepoints", /\bsavepoint\b/i],
  ["DISCARD", /\bdiscard\b/i],
  ["FETCH FIRST, FILTER and WITHIN GROUP", /\bfetch first\b|\bfilter\s*\(|\bwithin group\b/i],
  ["an empty list of columns", /\bselect\s+from\b/i],
  ["functions after Postgres 8.0", /\b(?:pg_is_in_recovery|pg_get_partkeydef|pg_sleep|format)\s*\(/i],
  ["settings that it does not list", /standard_conforming_strings/i],
  ["several privileges at once", /has_table_privilege\([^)]*'\w+\s*,/i],
];
