import {
  type EventListener,
  type QueryOptions,
  type QueryResult,
  type Request,
  ValidationError,
} from "@org/data-source-core";
import {
  type CallScope,
  type Deadline,
  type Deadlines,
  type Instrument,
  type Lifecycle,
  observed,
  queryOptionNames,
  type ResolvedQueryOptions,
  type ResolvedRequest,
  resolveQueryOptions,
  resolveRequest,
  type SqlDialect,
  withSql,
} from "@org/data-source-core/adapter";
import { escapeIdentifier } from "pg";
import { runBoundedQuery } from "./bounded-query.ts";
import type { Lease } from "./connection.ts";
import type { Guard } from "./guard.ts";
import type { Flavour } from "./options.ts";
import { runQuery, type StatementEnvironment } from "./query.ts";
import { checkStatement, type StatementScope } from "./read-only.ts";
import { leavesTraces } from "./traces.ts";
import { withReplay } from "./replay.ts";

/** Options of a statement that only Postgres has. */
export interface PostgresQueryOptions<R = unknown> extends QueryOptions<R> {
  /**
   * Default true: the statement runs in a transaction of its own. `false`, for writes only, is for what refuses one
   * (VACUUM, CREATE INDEX CONCURRENTLY, a CALL that commits); its timeout is then enforced by a cancel request alone.
   */
  readonly transactional?: boolean;
}

const optionNames = [...queryOptionNames, "transactional"];

/** What every statement of one data source shares. */
export interface Engine extends StatementEnvironment {
  readonly lifecycle: Lifecycle;
  /** For calls; they end with the lifecycle's signal. */
  readonly deadlines: Deadlines;
  readonly instrument: Instrument;
  readonly onEvent: EventListener;
}

/** Where statements run: on the data source, each with a connection of its own, or in a session or transaction. */
export interface Place {
  readonly flavour: Flavour;
  readonly scope: CallScope;
  readonly lease: (deadline: Deadline) => Promise<Lease>;
  readonly guard: (readOnly: boolean) => Guard;
  readonly statements: (readOnly: boolean) => StatementScope;
  /** Besides a call's own. */
  readonly signals: readonly (AbortSignal | undefined)[];
  /** Whether a read may run again on another connection when its own broke. */
  readonly canReplay: boolean;
  /** What a call makes of a broken connection. */
  readonly onError: (error: unknown) => unknown;
}

export const dialect: SqlDialect & { readonly namedParams: boolean } = {
  placeholder: (position) => `$${position}`,
  quoteIdentifier: escapeIdentifier,
  namedParams: false,
};

/** A statement of a call, checked. */
export interface Call<Options> {
  readonly request: ResolvedRequest;
  readonly options: Options;
  readonly guard: Guard;
  readonly leavesTraces: boolean;
}

export function createQuery(engine: Engine, place: Place) {
  return async <R>(request: Request, given?: PostgresQueryOptions<R>): Promise<QueryResult<R>> => {
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
  given: PostgresQueryOptions<R> | undefined,
  place: Place,
): Call<ResolvedQueryOptions<R>> {
  const transactional = given?.transactional ?? true;
  const options = resolveQueryOptions<R>(given, place.scope, optionNames);
  const resolved = resolveRequest(request, dialect);
  const classification = checkStatement(resolved.text, place.statements(options.readOnly), place.flavour);
  const call = {
    request: resolved,
    options,
    leavesTraces: leavesTraces(classification, options.readOnly, place.flavour),
  };
  if (transactional) return { ...call, guard: place.guard(options.readOnly) };
  if (options.readOnly || place.guard(false) === "transaction") {
    throw new ValidationError("transactional: false is for writes outside of a transaction", "transactional");
  }
  return { ...call, guard: "none" };
}

/** Acquires, runs, and gives back. */
async function executeCall<R>(
  engine: Engine,
  place: Place,
  { request, options, guard, leavesTraces }: Call<ResolvedQueryOptions<R>>,
  started: number,
): Promise<QueryResult<R>> {
  const signals = [options.signal, ...place.signals];
  using deadline = engine.deadlines.start({ timeoutMs: options.statementTimeoutMs, signals, kind: "postgres" });
  const run = options.maxBytes !== Infinity && options.readOnly ? runBoundedQuery : runQuery;
  try {
    return await withReplay(place, deadline, options.readOnly, async (lease) => {
      const acquired = performance.now();
      if (leavesTraces) lease.connection.taint();
      const result = await run(engine, lease.connection, guard, request, options, deadline);
      const ended = lease.end();
      if (ended) await ended;
      const now = performance.now();
      const timings = {
        totalMs: now - started,
        acquireMs: acquired - started,
        executeMs: now - acquired,
        fetchMs: undefined,
      };
      return Object.assign(result, { timings });
    });
  } catch (error) {
    throw withSql(place.onError(error), request);
  }
}
