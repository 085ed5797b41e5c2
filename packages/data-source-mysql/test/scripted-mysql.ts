import mysql from "mysql2";
import { freePort } from "@org/warehouse-emulators/mysql";

/** What a script may answer with. */
export interface Reply {
  ok(): void;
  error(code: number, message: string): void;
  /** One row of text. */
  row(row: Readonly<Record<string, string>>): void;
}

interface ServerConnection {
  sequenceId: number;
  writeOk(): void;
  writeError(error: { code: number; message: string }): void;
  writeTextResult(rows: object[], columns: object[]): void;
  serverHandshake(greeting: object): void;
  on(event: "query" | "stmt_prepare" | "error", listener: (text: string) => void): void;
  readonly stream: { destroy(): void };
}

export interface ScriptedMySql {
  readonly port: number;
  /** What was sent, as text: it refuses to prepare, and then gets the text. */
  readonly said: readonly string[];
  close(): Promise<void>;
}

const textColumn = (name: string): object => ({
  catalog: "def",
  schema: "",
  table: "",
  orgTable: "",
  name,
  orgName: name,
  characterSet: 45,
  columnLength: 400,
  columnType: 253,
  flags: 0,
  decimals: 0,
});
const capabilities = { ssl: 0x800, compress: 0x20, multiStatements: 0x10_000 };

/** MySQL 8.4 as far as a script goes, on mysql2's own server protocol. Connections are numbered from 11. */
export async function scriptMySql(answer: (text: string, reply: Reply) => void): Promise<ScriptedMySql> {
  const said: string[] = [];
  const connections: ServerConnection[] = [];
  const server = mysql.createServer((connected) => {
    const connection = connected as unknown as ServerConnection;
    connections.push(connection);
    const id = 10 + connections.length;
    // The driver's server leaves it to its user to count the packets of a conversation from 0.
    const write = (work: () => void): void => {
      connection.sequenceId = 1;
      work();
      connection.sequenceId = 0;
    };
    const reply: Reply = {
      ok: () => write(() => connection.writeOk()),
      error: (code, message) => write(() => connection.writeError({ code, message })),
      row: (row) => write(() => connection.writeTextResult([row], Object.keys(row).map(textColumn))),
    };
    connection.on("error", () => undefined);
    // SET as text comes here, too.
    connection.on("stmt_prepare", (text) => {
      if (!text.startsWith("SET"))
        return reply.error(1295, "This command is not supported in the prepared protocol yet");
      said.push(text);
      reply.ok();
    });
    connection.on("query", (text) => {
      said.push(text);
      if (!text.startsWith("select version()")) return answer(text, reply);
      reply.row({ v: "8.4.3", i: String(id), h: "db1", p: "3306", m: "ANSI_QUOTES,STRICT_TRANS_TABLES" });
    });
    connection.serverHandshake({
      protocolVersion: 10,
      serverVersion: "8.4.3",
      connectionId: id,
      statusFlags: 2,
      characterSet: 45,
      capabilityFlags: 0xff_ff_ff & ~capabilities.ssl & ~capabilities.compress & ~capabilities.multiStatements,
      authCallback: (_login: object, done: () => void) => {
        done();
        connection.sequenceId = 0;
      },
    });
  });
  const port = await freePort();
  await new Promise((resolve) => Reflect.apply(server.listen, server, [port, "127.0.0.1", resolve]));
  return {
    port,
    said,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const { stream } of connections) stream.destroy();
      }),
  };
}
