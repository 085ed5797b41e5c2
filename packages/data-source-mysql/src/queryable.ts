import type { QueryOptions, QueryResult, Request } from "@org/data-source-core";
import {
  type CallScope,
  createDeadline,
  type Deadline,
  type Instrument,
  type Lifecycle,
  observed,
  type ResolvedQueryOptions,
  resolveQueryOptions,
  resolveRequest,
  type SqlDialect,
  withSql,
} from "@org/data-source-core/adapter";
import type { Connection } from "./connection.ts";
import { type OpenTransaction, runQuery, type StatementEnvironment, type StatementRequest } from "./query.ts";
import { withReplay } from "./replay.ts";
import { checkStatement, type StatementScope } from "./read-only.ts";

/** What every statement of one data source shares. */
export interface Engine extends StatementEnvironment {
  readonly lifecycle: Lifecycle;
  /** MySQL's or MariaDB's, once that is known. */
  readonly instrument: Instrument;
}

/** A connection for one statement, and how it is given back. */
export interface Lease {
  readonly connection: Connection;
  end(): Promise<void>;
}

/** Where statements run: on the data source, each with a connection of its own, or in a session or transaction. */
export interface Place {
  readonly scope: CallScope;
  readonly lease: (deadline: Deadline) => Promise<Lease>;
  readonly statements: Omit<StatementScope, "readOnly">;
  readonly transaction?: OpenTransaction;
  /** Besides a call's own. */
  readonly signals: readonly (AbortSignal | undefined)[];
  /** Whether something may run again on another connection when its own broke. */
  readonly canReplay: boolean;
  /** What a call makes of a broken connection. */
  readonly onError: (error: unknown) => unknown;
}

export const dialect: SqlDialect & { readonly namedParams: boolean } = {
  placeholder: () => "?",
  quoteIdentifier: (name) => `\`${name.replaceAll("`", "``")}\``,
  namedParams: false,
};

/** A statement of a call, checked. */
export interface Call<Options> {
  readonly request: StatementRequest;
  readonly options: Options;
}

export function createQuery(engine: Engine, place: Place) {
  return async <R>(request: Request, given?: QueryOptions<R>): Promise<QueryResult<R>> => {
    const started = performance.now();
    const call = resolveQuery(request, given, place);
    const details = { name: "query", text: call.request.text };
    return observed(
      engine,
      details,
      () => executeCall(engine, place, call, started),
      (result) => result.rows.length,
    );
  };
}

export function resolveQuery<R>(
  request: Request,
  given: QueryOptions<R> | undefined,
  place: Place,
): Call<ResolvedQueryOptions<R>> {
  const options = resolveQueryOptions<R>(given, place.scope);
  return { request: resolveStatement(request, place, options.readOnly), options };
}

export function resolveStatement(request: Request, { statements }: Place, readOnly: boolean): StatementRequest {
  const resolved = resolveRequest(request, dialect);
  checkStatement(resolved.text, { ...statements, readOnly });
  // Only there may the database or sql_mode be another than when it was prepared.
  return { ...resolved, isFresh: statements.inSession && !readOnly };
}

/** Acquires, runs, and gives back. */
async function executeCall<R>(
  engine: Engine,
  place: Place,
  { request, options }: Call<ResolvedQueryOptions<R>>,
  started: number,
): Promise<QueryResult<R>> {
  const signals = [options.signal, ...place.signals, engine.lifecycle.signal];
  using deadline = createDeadline({ timeoutMs: options.statementTimeoutMs, signals, kind: "mysql" });
  try {
    return await withReplay(engine, place, deadline, async ({ connection, end }) => {
      const acquired = performance.now();
      const { transaction } = place;
      const { firstAt, ...result } = await runQuery(engine, connection, request, options, transaction, deadline);
      await end();
      const ended = performance.now();
      const timings = {
        totalMs: ended - started,
        acquireMs: acquired - started,
        executeMs: (firstAt ?? ended) - acquired,
        fetchMs: firstAt === undefined ? undefined : ended - firstAt,
      };
      return { ...result, timings };
    });
  } catch (error) {
    throw withSql(place.onError(error), request);
  }
}
