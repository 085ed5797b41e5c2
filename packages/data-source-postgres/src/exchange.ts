import { type Client, type Connection, DatabaseError, type FieldDef, type Submittable } from "pg";

/** A parameter as the wire takes it: text, or bytes for a Buffer. */
export type WireValue = string | Buffer | null;

/** A row as the wire gave it: every value as text. */
export type WireRow = (string | null)[];

/** One step of an exchange. */
export interface Step {
  /** Absent: the portal is open already, and only its next rows are asked for. */
  readonly text?: string;
  readonly values?: readonly WireValue[];
  /** Type OIDs of the parameters; 0, or none, leaves the type to the server. */
  readonly types?: readonly number[];
  /** Rows that the server may send, 0 for all. `undefined`: the portal is opened but not yet run. */
  readonly maxRows?: number | undefined;
  /** Default: the unnamed portal. */
  readonly portal?: string | undefined;
  /** The step whose columns, rows and command tag are the outcome; at most one of an exchange. */
  readonly isMain?: boolean;
}

/** What came of an exchange, known when the server was ready for the next. */
export interface Outcome {
  /** `I`: no transaction is open. `T`: one is. `E`: one is, and has failed. */
  readonly status: string | null;
  /** The server's refusal; what followed the refused step was skipped. */
  readonly error: DatabaseError | undefined;
  /** `undefined` if the main step gives no rows. */
  readonly fields: readonly FieldDef[] | undefined;
  readonly rows: WireRow[];
  /** Such as `INSERT 0 3`; `undefined` if the portal has more rows. */
  readonly tag: string | undefined;
}

/** pg's connection as its code is; its types know less. */
interface Wire extends Omit<Connection, "parse" | "bind" | "describe" | "execute"> {
  parse(message: { text: string; types: readonly number[] }): void;
  bind(message: { portal: string; values: readonly WireValue[] }): void;
  describe(message: { type: "P"; name: string }): void;
  execute(message: { portal: string; rows: number }): void;
  sendCopyFail(reason: string): void;
}

const none: readonly never[] = [];

/**
 * Sends all steps in one write with **one** Sync at the end: if any is refused, the server skips the rest. With a Sync
 * after each, a failed BEGIN would let the statement behind it run by itself, and write. Being the extended protocol,
 * it also refuses a text with several statements.
 *
 * Rejects only if the connection broke. `client` must be idle.
 */
export function exchange(client: Client, steps: readonly Step[]): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const run = steps.filter((step) => step.maxRows !== undefined);
    let completed = 0;
    let fields: readonly FieldDef[] | undefined;
    let tag: string | undefined;
    const rows: WireRow[] = [];

    const isMain = (): boolean => run[completed]?.isMain === true;
    const finish = (error?: DatabaseError): void =>
      resolve({ status: client.getTransactionStatus(), error, fields, rows, tag });

    const query = {
      submit: (connection: Connection) => send(connection as unknown as Wire, steps),
      handleRowDescription: (message: { fields: FieldDef[] }): void => void (fields = message.fields),
      handleDataRow: (message: { fields: WireRow }): void => {
        if (isMain()) rows.push(message.fields);
      },
      handleCommandComplete: (message: { text: string }): void => {
        if (isMain()) tag = message.text;
        completed += 1;
      },
      handlePortalSuspended: (): void => void (completed += 1),
      handleEmptyQuery: (): void => void (completed += 1),
      handleCopyInResponse: (connection: Wire): void => connection.sendCopyFail("COPY FROM STDIN is not supported"),
      handleCopyData: (): void => undefined,
      handleReadyForQuery: (): void => finish(),
      handleError: (error: Error, connection: Connection): void => {
        if (!(error instanceof DatabaseError)) {
          reject(error);
          return;
        }
        // pg drops the query at its error: the end of the exchange must be seen on the connection itself.
        const onReady = (): void => {
          connection.off("end", onEnd);
          finish(error);
        };
        const onEnd = (): void => {
          connection.off("readyForQuery", onReady);
          reject(error);
        };
        connection.once("readyForQuery", onReady);
        connection.once("end", onEnd);
      },
    } satisfies Submittable & Record<string, unknown>;
    client.query(query);
  });
}

/** What it returns instead of sending reaches `handleError`. */
function send(connection: Wire, steps: readonly Step[]): Error | undefined {
  if (!connection.stream.writable) return new Error("The connection is closed");
  connection.stream.cork();
  try {
    for (const { text, values = none, types = none, maxRows, portal = "", isMain } of steps) {
      if (text !== undefined) {
        connection.parse({ text, types });
        connection.bind({ portal, values });
        if (isMain) connection.describe({ type: "P", name: portal });
      }
      if (maxRows !== undefined) connection.execute({ portal, rows: maxRows });
    }
    connection.sync();
  } finally {
    connection.stream.uncork();
  }
  return undefined;
}
