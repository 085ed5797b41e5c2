import type { Column, QueryResult } from "@org/data-source-core";
import { isDataSourceError, type DataSourceError } from "@org/data-source-core";
import {
  createRowLimit,
  createRowShaper,
  type Deadline,
  type Redactor,
  type ResolvedQueryOptions,
  type ResolvedRequest,
  tagText,
  validateRows,
  withKeys,
} from "@org/data-source-core/adapter";
import type { DatabaseError, FieldDef } from "pg";
import type { Connection } from "./connection.ts";
import { statementError, unknownOutcome } from "./error-map.ts";
import type { Outcome, Step, WireRow } from "./exchange.ts";
import { type Guard, guarded, settingsStep } from "./guard.ts";
import { bindParams } from "./params.ts";
import { learnTypes } from "./type-lookup.ts";
import { columnType, type TypeMap } from "./type-map.ts";

/** What a statement needs besides its connection. */
export interface StatementEnvironment {
  readonly types: TypeMap;
  readonly redact: Redactor;
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
  const { step, toError } = await prepare(environment, connection, guard, request, options, deadline);
  const limit = createRowLimit(options);
  const wanted = limit.wanted(Infinity);
  const main = { ...step, maxRows: wanted === Infinity ? 0 : Math.min(wanted, 2 ** 31 - 1), isMain: true };
  const outcome = await run(connection, guard, main, deadline, options.readOnly);
  if (outcome.error) throw toError(outcome.error);
  // A write that ended in spite of the cancel has happened, and saying so is the only true answer.
  if (options.readOnly) deadline.throwIfOver();

  const columns = await describe(environment, connection, guard, outcome.fields ?? [], deadline);
  const convert = createConverter(environment.types, outcome.fields ?? []);
  const shape = createRowShaper(columns, request.rowMode);
  const rows: unknown[] = [];
  for (const row of outcome.rows) {
    const converted = convert(row);
    if (!limit.admit(converted)) break;
    rows.push(shape(converted));
  }
  return {
    rows: await validateRows(rows, options.rowSchema),
    columns,
    truncated: limit.truncated,
    rowsAffected: rowsAffectedOf(outcome.tag, columns),
    queryId: undefined,
    notices: connection.takeNotices(),
    usage: undefined,
  };
}

/** Tags, parameters and their types: everything but running it. */
export async function prepare(
  environment: StatementEnvironment,
  connection: Connection,
  guard: Guard,
  request: ResolvedRequest,
  options: Pick<ResolvedQueryOptions, "queryTags">,
  deadline: Deadline,
): Promise<PreparedStatement> {
  const { types, redact } = environment;
  const tagged = tagText(request.text, options.queryTags);
  const params = request.params as readonly never[];
  let bound = bindParams(params, types);
  if (bound.unknownTypes.length > 0) {
    await learn(environment, connection, guard, { names: bound.unknownTypes }, deadline);
    bound = bindParams(params, types);
  }
  return {
    step: { text: tagged.text, values: bound.values, types: bound.types },
    toError: (error, now = deadline) => statementError(error, { redact, tagged, deadline: now }),
  };
}

/** One guarded exchange. A write whose connection broke has an unknown outcome. */
export async function run(
  connection: Connection,
  guard: Guard,
  main: Step,
  deadline: Deadline,
  readOnly: boolean,
): Promise<Outcome> {
  try {
    const settings = settingsStep(deadline.serverTimeoutMs(), connection.parameters);
    return await connection.run(guarded(guard, main, settings), deadline);
  } catch (error) {
    const isOpen = guard === "transaction" || readOnly;
    if (!isOpen && isDataSourceError(error, "CONNECTION")) throw unknownOutcome(error);
    throw error;
  }
}

/** Columns of a result; types that this database defines are looked up once. */
export async function describe(
  environment: StatementEnvironment,
  connection: Connection,
  guard: Guard,
  fields: readonly FieldDef[],
  deadline: Deadline,
): Promise<Column[]> {
  const { types } = environment;
  const oids = [...new Set(fields.map((field) => field.dataTypeID))].filter((oid) => !types.get(oid));
  if (oids.length > 0) await learn(environment, connection, guard, { oids }, deadline);
  return withKeys(
    fields.map(({ name, dataTypeID, dataTypeModifier }) => {
      const mapped = types.get(dataTypeID);
      if (!mapped) throw new Error(`Type ${dataTypeID} was not learnt`);
      return { name, ...columnType(mapped, dataTypeModifier) };
    }),
  );
}

/** Converts a row in place: it is ours alone. */
export function createConverter(types: TypeMap, fields: readonly FieldDef[]): (row: WireRow) => unknown[] {
  const converts = fields.map((field) => types.get(field.dataTypeID)?.convert ?? ((text: string) => text));
  return (row) => {
    const values: unknown[] = row;
    for (let index = 0; index < converts.length; index += 1) {
      const text = row[index];
      if (typeof text === "string") values[index] = converts[index]?.(text);
    }
    return values;
  };
}

/** Looks up types that the map does not have. */
export async function learn(
  { types, redact }: StatementEnvironment,
  connection: Connection,
  guard: Guard,
  wanted: Parameters<typeof learnTypes>[1],
  deadline: Deadline,
): Promise<void> {
  await learnTypes(types, wanted, async (main) => {
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
