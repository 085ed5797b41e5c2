import { ValidationError } from "@org/data-source-core";
import { typesOf } from "./params.ts";
import type { DriverCommand, DriverConnection, DriverError, DriverField, DriverHeader } from "./driver.ts";
import type { Traces } from "./traces.ts";

export interface Statement {
  readonly text: string;
  /** For the driver, already encoded. */
  readonly values: readonly unknown[];
  /** Not as it was prepared before: a statement keeps the database and sql_mode that it was prepared under. */
  readonly isFresh: boolean;
  readonly traces: Traces;
  /** It tells of the statement before it: on MySQL preparing it would be that one. */
  readonly isUnprepared: boolean;
}

/** Where the first result's rows go, as they come. */
export interface RowSink {
  fields(fields: readonly DriverField[]): void;
  row(row: unknown[]): void;
  /** From now on the server may run it. */
  onSend?(): void;
}

/** How a statement ended. */
export interface Outcome {
  /** The server's refusal, or what broke the connection. */
  readonly error: DriverError | undefined;
  /** Of its last result without rows. */
  readonly header: DriverHeader | undefined;
  /** As the server counted them at its end. */
  readonly warnings: number;
  /** Results with rows: a CALL may have several, of which only the first is kept. */
  readonly results: number;
}

const unpreparable = 1295;

/** Whether the server decides on a parameter's type once, with the first value (MySQL), or with each (MariaDB). */
export interface Binding {
  readonly isTypedOnce: boolean;
}

/**
 * Runs a statement by the binary protocol: bound by the server, and never more than one. What cannot be prepared goes
 * as text if it has no parameters. Fulfils when the server is done; if the connection breaks, the driver tells only
 * the connection, and this never settles.
 */
export function execute(
  driver: DriverConnection,
  { text, values, isFresh, isUnprepared }: Statement,
  sink: RowSink,
  { isTypedOnce }: Binding,
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const runAsText = (): void => {
      sink.onSend?.();
      resolve(follow(driver.query({ sql: text }), sink));
    };
    if (isUnprepared && values.length === 0) return runAsText();
    const prepared = { sql: text, rowsAsArray: isTypedOnce ? typesOf(values) : "" };
    if (isFresh) driver.unprepare(prepared);
    driver.prepare(prepared, (error, statement) => {
      if (error?.errno === unpreparable && values.length === 0) runAsText();
      else if (error) resolve({ error, header: undefined, warnings: 0, results: 0 });
      else if (statement.parameters.length !== values.length) {
        const expected = statement.parameters.length;
        reject(
          new ValidationError(`params must hold ${expected} values, one for each ?; got ${values.length}`, "params"),
        );
      } else {
        sink.onSend?.();
        resolve(follow(statement.execute(values), sink));
      }
    });
  });
}

/** Runs a statement of our own that has no values. Gives its rows. */
export async function say(
  driver: DriverConnection,
  text: string,
): Promise<{ rows: unknown[][]; error: DriverError | undefined }> {
  const rows: unknown[][] = [];
  const { error } = await follow(driver.query({ sql: text }), {
    fields: () => undefined,
    row: (row) => rows.push(row),
  });
  return { rows, error };
}

function follow(command: DriverCommand, sink: RowSink): Promise<Outcome> {
  return new Promise((resolve) => {
    let error: DriverError | undefined;
    let header: DriverHeader | undefined;
    let results = 0;
    let hasRows = false;
    const warnings = countWarnings(command);
    command.on("fields", (fields: readonly DriverField[] | undefined) => {
      hasRows = fields !== undefined;
      if (!fields) return;
      results += 1;
      if (results === 1) sink.fields(fields);
    });
    command.on("result", (result: unknown) => {
      if (!hasRows) header = result as DriverHeader;
      else if (results === 1) sink.row(result as unknown[]);
    });
    command.on("error", (reason: DriverError) => (error ??= reason));
    command.on("end", () => resolve({ error, header, warnings: header?.warningStatus ?? warnings(), results }));
  });
}

/** Those of a result with rows are in the packet that ends it, which the driver keeps to itself. */
function countWarnings(command: DriverCommand): () => number {
  let count = 0;
  const execute = command.execute.bind(command);
  command.execute = (packet, connection) => {
    if (packet?.isEOF() === true) count = packet.eofWarningCount();
    return execute(packet, connection);
  };
  return () => count;
}
