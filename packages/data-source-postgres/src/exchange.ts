import { type Client, type Connection, DatabaseError, type FieldDef, type Submittable } from "pg";
import { serialize } from "pg-protocol";
import { isStale, type ParsedStatement, type PreparedStatements } from "./prepared.ts";

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
  /** Whether the portal is closed, after it was run if it was. */
  readonly closes?: boolean;
  /** What it means to the statements that the connection keeps prepared, if it keeps any. Default `leave`. */
  readonly prepared?: "keep" | "leave" | "forget";
  /**
   * The step whose columns, rows and command tag are the outcome; at most one of an exchange, and only the last may be
   * one that is not run.
   */
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
  /** The error is about a statement that was kept prepared, and neither the main step nor what follows it has run. */
  readonly isStale: boolean;
}

/**
 * Sends all steps in one write with **one** Sync at the end: if any is refused, the server skips the rest. With a Sync
 * after each, a failed BEGIN would let the statement behind it run by itself, and write. Being the extended protocol,
 * it also refuses a text with several statements.
 *
 * Rejects only if the connection broke. `client` must be idle.
 */
export function exchange(client: Client, steps: readonly Step[], prepared?: PreparedStatements): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    client.query(new Exchange(client, steps, prepared, resolve, reject));
  });
}

/** The connection was found broken before anything was sent. */
export class NotSentError extends Error {}

/** A class, as pg's own queries are: one is made for every statement, and closures cost more. */
class Exchange implements Submittable {
  readonly #client: Client;
  readonly #steps: readonly Step[];
  readonly #prepared: PreparedStatements | undefined;
  /** Steps that were sent under a new name, and that name. */
  readonly #named: [index: number, name: string][] = [];
  readonly #resolve: (outcome: Outcome) => void;
  readonly #reject: (reason: Error) => void;
  /** How many executed steps have ended, and how many do before the main one's rows. */
  #completed = 0;
  readonly #main: number;
  #fields: readonly FieldDef[] | undefined;
  #tag: string | undefined;
  readonly #rows: WireRow[] = [];

  constructor(
    client: Client,
    steps: readonly Step[],
    prepared: PreparedStatements | undefined,
    resolve: (outcome: Outcome) => void,
    reject: (reason: Error) => void,
  ) {
    this.#client = client;
    this.#steps = steps;
    this.#prepared = prepared;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#main = steps.findIndex((step) => step.isMain);
  }

  /** What it returns instead of sending reaches `handleError`. */
  submit(connection: Connection): Error | undefined {
    if (!connection.stream.writable) return new NotSentError("The connection is closed");
    const messages = this.#prepared ? this.#encodePrepared(this.#prepared) : this.#steps.map(encodeStep);
    messages.push(sync);
    // One buffer costs less than corked writes of its messages.
    connection.stream.write(Buffer.concat(messages));
    return undefined;
  }

  #encodePrepared(prepared: PreparedStatements): Buffer[] {
    prepared.bound = 0;
    const messages = prepared.takeClosing();
    for (const [index, step] of this.#steps.entries()) {
      if (step.prepared !== "keep") {
        messages.push(encodeStep(step));
        continue;
      }
      const known = prepared.get(step);
      const name = known?.name ?? prepared.newName();
      if (!known) this.#named.push([index, name]);
      else if (step.isMain) this.#fields = known.fields;
      messages.push(encodeNamed(step, name, known));
    }
    return messages;
  }

  /** Keeps what has run, and closes what may or may not be known to the server. */
  #settlePrepared(prepared: PreparedStatements, error: DatabaseError | undefined): boolean {
    for (const [index, name] of this.#named) {
      const step = this.#steps[index] as Step;
      if (error && index >= this.#completed) prepared.close(name);
      else prepared.add(step, { name, fields: step.isMain ? this.#fields : undefined });
    }
    const stale = error !== undefined && isStale(error);
    if (stale || this.#steps.some((step) => step.prepared === "forget")) prepared.forgetAll();
    return stale && prepared.bound <= (this.#main === -1 ? this.#steps.length - 1 : this.#main);
  }

  handleRowDescription({ fields }: { fields: readonly FieldDef[] }): void {
    this.#fields = fields;
  }

  handleDataRow({ fields }: { fields: WireRow }): void {
    if (this.#completed === this.#main) this.#rows.push(fields);
  }

  handleCommandComplete({ text }: { text: string }): void {
    if (this.#completed === this.#main) this.#tag = text;
    this.#completed += 1;
  }

  handlePortalSuspended(): void {
    this.#completed += 1;
  }

  handleEmptyQuery(): void {
    this.#completed += 1;
  }

  handleCopyInResponse(connection: Connection): void {
    connection.stream.write(serialize.copyFail("COPY FROM STDIN is not supported"));
  }

  handleCopyData(): void {
    // COPY TO STDOUT: what it sends is of no use here.
  }

  handleReadyForQuery(): void {
    this.#finish();
  }

  handleError(error: Error, connection: Connection): void {
    if (!(error instanceof DatabaseError)) {
      this.#reject(error);
      return;
    }
    // pg drops the query at its error: the end of the exchange must be seen on the connection itself.
    const onReady = (): void => {
      connection.off("end", onEnd);
      this.#finish(error);
    };
    const onEnd = (): void => {
      connection.off("readyForQuery", onReady);
      this.#reject(error);
    };
    connection.once("readyForQuery", onReady);
    connection.once("end", onEnd);
  }

  #finish(error?: DatabaseError): void {
    const status = this.#client.getTransactionStatus();
    const isStale = this.#prepared ? this.#settlePrepared(this.#prepared, error) : false;
    this.#resolve({ status, error, fields: this.#fields, rows: this.#rows, tag: this.#tag, isStale });
  }
}

const sync = serialize.sync();
const none: readonly never[] = [];
const encoded = new WeakMap<Step, Buffer>();

/** A step that is always the same, such as BEGIN, encoded once. */
export function constantStep(text: string): Step {
  const step: Step = { text, maxRows: 0 };
  encoded.set(step, encodeStep(step));
  return step;
}

function encodeStep(step: Step): Buffer {
  return encoded.get(step) ?? encodeNamed(step, "");
}

/** `known`: the server has parsed it under this name, and described it. */
function encodeNamed(step: Step, statement: string, known?: ParsedStatement): Buffer {
  const { text, values = none, types = none, maxRows, portal = "", closes, isMain } = step;
  const messages: Buffer[] = [];
  if (text !== undefined) {
    if (!known) messages.push(serialize.parse({ name: statement, text, types: types as number[] }));
    messages.push(serialize.bind({ portal, statement, values: values as WireValue[] }));
    if (isMain && !known) messages.push(serialize.describe({ type: "P", name: portal }));
  }
  if (maxRows !== undefined) messages.push(serialize.execute({ portal, rows: maxRows }));
  if (closes) messages.push(serialize.close({ type: "P", name: portal }));
  return Buffer.concat(messages);
}
