import { type Column, isDataSourceError } from "@org/data-source-core";
import type { Deadline, ResolvedStreamOptions } from "@org/data-source-core/adapter";
import type { Connection, Running } from "./connection.ts";
import type { DriverField } from "./driver.ts";
import { statementError, unknownOutcome } from "./error-map.ts";
import {
  columnsOf,
  createConverter,
  type OpenTransaction,
  prepare,
  type StatementEnvironment,
  type StatementRequest,
  writeTimeout,
} from "./query.ts";
import { readRaw } from "./type-map.ts";

/** A running statement whose rows are taken as they are asked for. */
export interface Cursor {
  readonly columns: readonly Column[];
  read(maxRows: number, deadline: Deadline): Promise<{ readonly rows: readonly unknown[][]; readonly done: boolean }>;
  /** Stops the server's work, unless it is done. */
  close(): Promise<void>;
}

/** A batch of large rows has fewer: what lives longer makes V8 grow its heap instead of collecting. */
const batchBytes = 2 ** 16;

/**
 * Rows are kept up to a batch; then the socket is not read any more, so that the server waits. What has come with the
 * last packet stays, some 64 kB.
 */
export async function openCursor(
  environment: StatementEnvironment,
  connection: Connection,
  request: StatementRequest,
  options: ResolvedStreamOptions,
  transaction: OpenTransaction | undefined,
  deadline: Deadline,
): Promise<Cursor> {
  const { types, redact } = environment;
  const { readOnly, totalTimeoutMs, maxRows, batchRows, idleTimeoutMs } = options;
  let buffer: unknown[][] = [];
  let convert: ((row: unknown[]) => unknown[]) | undefined;
  let failure: unknown;
  let isDone = false;
  let isClosed = false;
  let wanted = batchRows;
  let readBefore = connection.bytesRead;
  let wake = Promise.withResolvers<void>();
  const described = Promise.withResolvers<Column[]>();

  const fields = (all: readonly DriverField[]): void => {
    const mapped = all.map(types);
    readRaw(all);
    convert = createConverter(mapped);
    described.resolve(columnsOf(mapped));
  };
  const row = (values: unknown[]): void => {
    if (isClosed) return;
    buffer.push(values);
    if (buffer.length < wanted && connection.bytesRead - readBefore < batchBytes) return;
    connection.pause();
    wake.resolve();
  };
  const prepared = prepare(request, options);
  const settings = {
    readOnly,
    // Between two batches the clock is ours: the server's would count the consumer's pauses.
    timeoutMs: totalTimeoutMs === Infinity ? undefined : totalTimeoutMs,
    selectLimit: maxRows + 1,
    writeTimeoutMs: Math.max(environment.writeTimeoutMs, writeTimeout(idleTimeoutMs)),
  };
  const running: Running = await connection.start(prepared.statement, settings, { fields, row }, deadline);
  const follow = async (): Promise<void> => {
    try {
      const { error } = await running.outcome;
      if (!error || isClosed) return;
      const refusal = statementError(error, { redact, tagged: prepared });
      if (refusal.code === "CONFLICT") transaction?.end(refusal);
      failure = refusal;
    } catch (error) {
      failure = isDataSourceError(error, "CONNECTION") && !readOnly && running.isSent ? unknownOutcome(error) : error;
    }
  };
  const onEnd = (): void => {
    isDone = true;
    described.resolve([]);
    wake.resolve();
  };
  void follow().finally(onEnd);
  const close = async (): Promise<void> => {
    isClosed = true;
    buffer = [];
    if (!isDone) await running.stop();
    connection.resume();
  };
  try {
    const columns = await deadline.race(described.promise);
    if (failure !== undefined) throw failure;
    return {
      columns,
      read: async (count, limit) => {
        wanted = Math.min(count, batchRows);
        if (buffer.length < wanted && !isDone) {
          wake = Promise.withResolvers<void>();
          readBefore = connection.bytesRead;
          connection.resume();
          await limit.race(wake.promise);
        }
        const rows = buffer.splice(0, count);
        // What came before the error is delivered before it.
        if (failure !== undefined && rows.length === 0) throw failure;
        for (const values of rows) convert?.(values);
        return { rows, done: isDone && failure === undefined && buffer.length === 0 };
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
