import type { Column, QueryResult } from "@org/data-source-core";
import { isDataSourceError, type DataSourceError } from "@org/data-source-core";
import {
  createRowLimit,
  type Deadline,
  type Redactor,
  type ResolvedQueryOptions,
  type ResolvedRequest,
  type TaggedText,
  tagText,
  validateRows,
} from "@org/data-source-core/adapter";
import type { DatabaseError, FieldDef } from "pg";
import type { Connection } from "./connection.ts";
import { isUnsent } from "./lease.ts";
import { statementError, unknownOutcome } from "./error-map.ts";
import type { Outcome, Step } from "./exchange.ts";
import { type Guard, guarded, settingsStep } from "./guard.ts";
import { bindParams } from "./params.ts";
import { effectOnPrepared } from "./prepared.ts";
import { runInPortal } from "./redshift-portal.ts";
import { learnRedshiftTypes } from "./redshift-types.ts";
import { learnTypes } from "./type-lookup.ts";
import { type ResultShape, type ResultShapes, unknownOids } from "./result-shape.ts";
import type { TypeMap } from "./type-map.ts";

/** What a statement needs besides its connection. */
export interface StatementEnvironment {
  readonly types: TypeMap;
  readonly shapes: ResultShapes;
  readonly redact: Redactor;
  /** Whether connections keep statements prepared. */
  readonly preparedStatements: boolean;
}

/** One statement, ready to be sent. */
export interface PreparedStatement {
  readonly step: Step;
  readonly toError: (error: DatabaseError, now?: Deadline) => DataSourceError;
}

/** Runs one statement and collects its rows. */
export async function runQuery<R>(
  environment: StatementEnvironment,
  connection: Connection,
  guard: Guard,
  request: ResolvedRequest,
  options: ResolvedQueryOptions<R>,
  deadline: Deadline,
): Promise<Omit<QueryResult<R>, "timings">> {
  connection.takeNotices();
  const prepared = prepare(environment, connection, guard, request, options, deadline);
  const { step, toError } = prepared instanceof Promise ? await prepared : prepared;
  const { maxRows, maxBytes } = options;
  // One more proves that there are more; the protocol's number of rows is an int32, and 0 is all.
  const main = { ...step, maxRows: maxRows < 2 ** 31 - 1 ? maxRows + 1 : 0, isMain: true };
  const execute = connection.flavour === "redshift" ? runInPortal : run;
  const outcome = await execute(connection, guard, main, deadline, options.readOnly);
  if (outcome.error) throw toError(outcome.error);
  // A write that ended in spite of the cancel has happened, and saying so is the only true answer.
  if (options.readOnly) deadline.throwIfOver();

  const { fields = [] } = outcome;
  const { columns, convert, shape } =
    environment.shapes.get(request.text, request.rowMode, fields) ??
    (await learnShape(environment, connection, guard, request, fields, deadline));
  const { rows } = outcome;
  for (const row of rows) convert(row);
  const kept = maxBytes === Infinity ? Math.min(rows.length, maxRows) : fitting(rows, options);
  const truncated = kept < rows.length;
  if (truncated) rows.length = kept;
  const shaped = rows.map(shape);
  return {
    rows: options.rowSchema ? await validateRows(shaped, options.rowSchema) : (shaped as R[]),
    columns,
    truncated,
    rowsAffected: rowsAffectedOf(outcome.tag, columns),
    queryId: undefined,
    notices: connection.takeNotices(),
    usage: undefined,
  };
}

/** How many of the rows are within the limits. */
function fitting(rows: readonly unknown[][], options: ResolvedQueryOptions): number {
  const limit = createRowLimit(options);
  const excess = rows.findIndex((row) => !limit.admit(row));
  return excess === -1 ? rows.length : excess;
}

/** Tags, parameters and their types: everything but running it. A promise only if a type must be looked up. */
export function prepare(
  environment: StatementEnvironment,
  connection: Connection,
  guard: Guard,
  request: ResolvedRequest,
  options: Pick<ResolvedQueryOptions, "queryTags">,
  deadline: Deadline,
): PreparedStatement | Promise<PreparedStatement> {
  const { types, redact } = environment;
  const tagged = tagText(request.text, options.queryTags);
  const params = request.params as readonly never[];
  const { values, types: oids, unknownTypes } = bindParams(params, types);
  const toError: PreparedStatement["toError"] = (error, now = deadline) =>
    statementError(error, { redact, tagged, deadline: now });
  const prepared = environment.preparedStatements ? effectOfTagged(tagged) : "leave";
  if (unknownTypes.length === 0) return { step: { text: tagged.text, values, types: oids, prepared }, toError };
  return learn(environment, connection, guard, { names: unknownTypes }, deadline).then(() => ({
    step: { text: tagged.text, values, types: bindParams(params, types).types, prepared },
    toError,
  }));
}

/** Tags differ from call to call: a tagged text is not worth keeping. */
function effectOfTagged({ text, offset }: TaggedText): NonNullable<Step["prepared"]> {
  const effect = effectOnPrepared(offset === 0 ? text : text.slice(offset));
  return effect === "keep" && offset > 0 ? "leave" : effect;
}

/** One guarded exchange. A write whose connection broke has an unknown outcome, unless it was not sent. */
export function run(
  connection: Connection,
  guard: Guard,
  main: Step,
  deadline: Deadline,
  readOnly: boolean,
): Promise<Outcome> {
  const steps = guard === "none" ? [main] : guarded(guard, main, settingsStep(deadline.serverTimeoutMs(), connection));
  const outcome = connection.run(steps, deadline);
  if (readOnly || guard === "transaction") return outcome;
  return outcome.catch((error: unknown) => {
    throw isDataSourceError(error, "CONNECTION") && !isUnsent(error) ? unknownOutcome(error) : error;
  });
}

/** The shape of a result; types that this database defines are looked up once. */
export async function learnShape(
  environment: StatementEnvironment,
  connection: Connection,
  guard: Guard,
  { text, rowMode }: ResolvedRequest,
  fields: readonly FieldDef[],
  deadline: Deadline,
): Promise<ResultShape> {
  const { types, shapes } = environment;
  const known = shapes.get(text, rowMode, fields);
  if (known) return known;
  await learn(environment, connection, guard, { oids: unknownOids(types, fields) }, deadline);
  return shapes.get(text, rowMode, fields) as ResultShape;
}

/** Looks up types that the map does not have. */
export async function learn(
  { types, redact }: StatementEnvironment,
  connection: Connection,
  guard: Guard,
  wanted: Parameters<typeof learnTypes>[1],
  deadline: Deadline,
): Promise<void> {
  const lookUp = connection.flavour === "redshift" ? learnRedshiftTypes : learnTypes;
  await lookUp(types, wanted, async (main) => {
    const { error, rows } = await run(connection, guard === "transaction" ? guard : "read", main, deadline, true);
    if (error) throw statementError(error, { redact, deadline });
    return rows;
  });
}

/** From the command tag: `INSERT 0 3`, `UPDATE 3`, `COPY 3`; `SELECT 3` counts for CREATE TABLE AS only. */
export function rowsAffectedOf(tag: string | undefined, columns: readonly Column[]): number | undefined {
  const [, verb, count] = /^([A-Z]+)(?: \d+)? (\d+)$/.exec(tag ?? "") ?? [];
  if (count === undefined || verb === "FETCH" || verb === "MOVE") return undefined;
  return verb === "SELECT" && columns.length > 0 ? undefined : Number(count);
}
