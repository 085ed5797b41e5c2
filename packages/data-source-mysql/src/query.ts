import { type Column, DataSourceError, isDataSourceError, type Notice, type QueryResult } from "@org/data-source-core";
import {
  createRowLimit,
  createRowShaper,
  type Deadline,
  type Redactor,
  type ResolvedQueryOptions,
  type ResolvedRequest,
  tagText,
  type TaggedText,
  validateRows,
  withKeys,
} from "@org/data-source-core/adapter";
import type { EventListener, ParamValue } from "@org/data-source-core";
import type { Connection, Running } from "./connection.ts";
import type { DriverField, DriverHeader } from "./driver.ts";
import { statementError, unknownOutcome } from "./error-map.ts";
import { bindParams } from "./params.ts";
import { classify, tellsOfLast } from "./read-only.ts";
import type { Outcome, Statement } from "./statement.ts";
import { tracesOf } from "./traces.ts";
import { type MappedColumn, readRaw, type TypeMap } from "./type-map.ts";

/** What a statement needs besides its connection. */
export interface StatementEnvironment {
  readonly types: TypeMap;
  readonly redact: Redactor;
  readonly onEvent: EventListener;
  /** How long a server may wait for somebody to read on. */
  readonly writeTimeoutMs: number;
}

/** A request, and how it is to be run. */
export interface StatementRequest extends ResolvedRequest {
  /** Before the caller's text, such as `EXPLAIN `. */
  readonly prefix?: string;
  readonly isFresh?: boolean;
}

export interface PreparedStatement extends TaggedText {
  readonly statement: Statement;
  readonly verb: string | undefined;
}

/** By default a server breaks off after a minute in which nobody reads. */
export function writeTimeout(idleTimeoutMs: number): number {
  return idleTimeoutMs + 10_000;
}

/** What a statement runs in. */
export interface OpenTransaction {
  /** The server has ended it: no statement may follow, and it cannot commit. */
  end(reason: DataSourceError): void;
}

/** How late the server's own timer may be before it is asked to stop. */
const timeoutLeewayMs = 200;
const inTransactionFlag = 1;
const countingVerbs = new Set(["INSERT", "UPDATE", "DELETE", "REPLACE", "LOAD"]);

/** Runs one statement and collects its rows. */
export async function runQuery<R>(
  environment: StatementEnvironment,
  connection: Connection,
  request: StatementRequest,
  options: ResolvedQueryOptions<R>,
  transaction: OpenTransaction | undefined,
  deadline: Deadline,
): Promise<Omit<QueryResult<R>, "timings"> & { readonly firstAt: number | undefined }> {
  const { types, redact } = environment;
  const limit = createRowLimit(options);
  const enough = Promise.withResolvers<undefined>();
  const rows: unknown[] = [];
  let columns: Column[] = [];
  let failure: unknown;
  let firstAt: number | undefined;
  let take: (row: unknown[]) => void = () => undefined;

  const fields = (described: readonly DriverField[]): void => {
    firstAt = performance.now();
    const mapped = described.map(types);
    readRaw(described);
    columns = columnsOf(mapped);
    const convert = createConverter(mapped);
    const shape = createRowShaper(columns, request.rowMode);
    take = (row) => {
      if (failure !== undefined) return;
      // The server has its own limit, of one row more: only a LIMIT in the text leads beyond it.
      if (limit.truncated) return enough.resolve(undefined);
      try {
        if (limit.admit(convert(row))) rows.push(shape(row));
        else if (limit.rows < options.maxRows) enough.resolve(undefined);
      } catch (error) {
        failure = error;
        enough.resolve(undefined);
      }
    };
  };
  const prepared = prepare(request, options);
  const { verb } = prepared;
  const { statementTimeoutMs, maxRows, readOnly } = options;
  const settings = {
    readOnly,
    timeoutMs: statementTimeoutMs === Infinity ? undefined : statementTimeoutMs,
    selectLimit: maxRows + 1,
    writeTimeoutMs: environment.writeTimeoutMs,
  };
  const running = await connection.start(prepared.statement, settings, { fields, row: (row) => take(row) }, deadline);
  const isHarmless = (): boolean => readOnly || transaction !== undefined || !running.isSent;
  const outcome = await finish(running, enough.promise, deadline, isHarmless);
  if (failure !== undefined) throw failure;
  if (outcome?.error) {
    const error = statementError(outcome.error, { redact, tagged: prepared, deadline });
    // After a deadlock the server has rolled back all of it; what follows would commit by itself.
    if (error.code === "CONFLICT") transaction?.end(error);
    throw error;
  }
  // A write that ended in spite of the cancel has happened, and saying so is the only true answer.
  // MySQL's own timer ends a lone sleep() with the value 1; ours, begun before it, may only be about to be heard.
  if (readOnly && deadline.remainingMs() <= 0) await deadline.race(new Promise<never>(() => undefined));
  if (readOnly) deadline.throwIfOver();
  if (transaction && outcome?.header) checkTransaction(outcome.header, transaction);
  return {
    rows: await validateRows(rows, options.rowSchema),
    columns,
    truncated: limit.truncated,
    rowsAffected: outcome && rowsAffectedOf(outcome, verb),
    queryId: undefined,
    notices: outcome ? await noticesOf(environment, connection, prepared.statement, outcome, deadline) : [],
    usage: undefined,
    firstAt,
  };
}

/** Tags and parameters: everything but running it. */
export function prepare(
  { prefix = "", ...request }: StatementRequest,
  { queryTags }: Pick<ResolvedQueryOptions, "queryTags">,
): PreparedStatement {
  const tagged = tagText(request.text, queryTags);
  const text = prefix + tagged.text;
  const values = bindParams(request.params as readonly ParamValue[]);
  const classification = classify(request.text);
  const [first] = classification.statements;
  const statement = {
    text,
    values,
    isFresh: request.isFresh ?? false,
    traces: tracesOf(classification),
    isUnprepared: first !== undefined && tellsOfLast(first),
  };
  const verb = first?.verb;
  return { text, offset: prefix.length + tagged.offset, statement, verb };
}

/** The statement's end; `undefined` when it was stopped because there was enough of it. */
async function finish(
  running: Running,
  enough: Promise<undefined>,
  deadline: Deadline,
  isHarmless: () => boolean,
): Promise<Outcome | undefined> {
  try {
    const outcome = await deadline.race(Promise.race([running.outcome, enough]));
    if (!outcome) await running.stop();
    return outcome;
  } catch (error) {
    if (deadline.signal.aborted) {
      await running.stop(isDataSourceError(deadline.signal.reason, "STATEMENT_TIMEOUT") ? timeoutLeewayMs : 0);
      const outcome = await running.outcome.catch((reason: unknown) => reason);
      if (!isDataSourceError(outcome)) return outcome as Outcome;
      throw isHarmless() ? deadline.signal.reason : unknownOutcome(outcome);
    }
    throw isDataSourceError(error, "CONNECTION") && !isHarmless() ? unknownOutcome(error) : error;
  }
}

export function columnsOf(mapped: readonly MappedColumn[]): Column[] {
  return withKeys(mapped.map(({ convert: _convert, ...column }) => column));
}

/** Converts a row in place: it is ours alone. */
export function createConverter(mapped: readonly MappedColumn[]): (row: unknown[]) => unknown[] {
  const converts = mapped.map(({ convert }) => convert);
  return (row) => {
    for (let index = 0; index < converts.length; index += 1) {
      const value = row[index];
      if (value !== null) row[index] = converts[index]?.(value as never);
    }
    return row;
  };
}

/** As counted by the server, which says 0 for a statement that cannot have any. */
function rowsAffectedOf({ header, results }: Outcome, verb: string | undefined): number | undefined {
  if (!header || results > 0) return undefined;
  return countingVerbs.has(verb ?? "") || header.affectedRows > 0 ? header.affectedRows : undefined;
}

async function noticesOf(
  { onEvent }: StatementEnvironment,
  connection: Connection,
  { isUnprepared }: Statement,
  { warnings, results }: Outcome,
  deadline: Deadline,
): Promise<Notice[]> {
  const notices: Notice[] = [];
  // Another statement is asked for them only if there are any; SHOW WARNINGS has them as its rows.
  if (warnings > 0 && !isUnprepared) {
    // The statement has succeeded: nothing about its warnings may turn it into a failure.
    const rows = await connection.ask("SHOW WARNINGS", deadline).catch(() => []);
    for (const [severity, code, message] of rows) {
      notices.push({ severity: String(severity), code: String(code), message: String(message) });
    }
  }
  // Their texts quote values, which events must not carry.
  for (const notice of notices)
    onEvent({ type: "notice", notice: { ...notice, message: notice.message.replace(/["'`].*/s, "…") } });
  if (results > 1) {
    notices.push({ severity: "Note", code: undefined, message: `${results - 1} further results were left out` });
  }
  return notices;
}

function checkTransaction({ serverStatus }: DriverHeader, transaction: OpenTransaction): void {
  if ((serverStatus & inTransactionFlag) !== 0) return;
  const error = new DataSourceError({
    code: "QUERY_FAILED",
    kind: "mysql",
    message: "The statement has committed the transaction, so that it cannot be rolled back",
    hint: "Procedures that commit, and DDL, belong outside of a transaction.",
  });
  transaction.end(error);
  throw error;
}
