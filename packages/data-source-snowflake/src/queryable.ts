import {
  type EventListener,
  type QueryOptions,
  type QueryResult,
  type Request,
  ValidationError,
} from "@org/data-source-core";
import {
  type CallScope,
  createDeadline,
  type Deadline,
  type Instrument,
  type Lifecycle,
  observed,
  type Redactor,
  type ResolvedQueryOptions,
  type ResolvedRequest,
  type ResolvedStatementOptions,
  resolveQueryOptions,
  resolveRequest,
  withSql,
} from "@org/data-source-core/adapter";
import type { StatementCall } from "./execute.ts";
import { dialect, toBinds } from "./params.ts";
import { collect } from "./query.ts";
import { checkStatement, type StatementScope } from "./read-only.ts";
import type { Run } from "./runner.ts";
import type { TypeMap } from "./type-map.ts";

/** What every statement of one data source shares. */
export interface Engine {
  readonly lifecycle: Lifecycle;
  readonly instrument: Instrument;
  readonly onEvent: EventListener;
  readonly redact: Redactor;
  readonly types: TypeMap;
}

/** Where statements run: on the session that all share, or on that of a unit. */
export interface Place {
  readonly scope: CallScope;
  readonly run: Run;
  readonly statements: (readOnly: boolean) => StatementScope;
  /** Besides a call's own. */
  readonly signals: readonly (AbortSignal | undefined)[];
}

/** The longest QUERY_TAG that Snowflake takes. */
const longestTag = 2_000;

export function createQuery(engine: Engine, place: Place) {
  return async <R>(request: Request, given?: QueryOptions<R>): Promise<QueryResult<R>> => {
    const started = performance.now();
    const { resolved, options } = resolveQuery<R>(request, given, place);
    return observed(engine, { name: "query", text: resolved.text }, async () => {
      using deadline = deadlineOf(engine, place, options);
      // One row more than wanted proves that there are more.
      const call = toCall(resolved, options, deadline, options.maxRows + 1);
      try {
        return await place.run(call, collect(engine, resolved, options, deadline, started));
      } catch (error) {
        throw withSql(error, resolved);
      }
    });
  };
}

export function resolveQuery<R>(
  request: Request,
  given: QueryOptions<R> | undefined,
  place: Place,
): { readonly resolved: ResolvedRequest; readonly options: ResolvedQueryOptions<R> } {
  const options = resolveQueryOptions<R>(given, place.scope);
  return { resolved: resolveStatement(request, options.readOnly, place), options };
}

export function resolveStatement(request: Request, readOnly: boolean, place: Place): ResolvedRequest {
  const resolved = resolveRequest(request, dialect);
  checkStatement(resolved.text, place.statements(readOnly));
  return resolved;
}

export function deadlineOf(
  { lifecycle }: Engine,
  place: Place,
  { statementTimeoutMs, signal }: Pick<ResolvedStatementOptions, "statementTimeoutMs" | "signal">,
): Deadline {
  const signals = [signal, ...place.signals, lifecycle.signal];
  return createDeadline({ timeoutMs: statementTimeoutMs, signals, kind: "snowflake" });
}

/** A statement with its limits as parameters of its own: nothing is set on the session. */
export function toCall(
  { text, params }: ResolvedRequest,
  { readOnly, queryTags }: Pick<ResolvedStatementOptions, "readOnly" | "queryTags">,
  deadline: Deadline,
  maxRows: number,
): StatementCall {
  const timeoutMs = deadline.serverTimeoutMs();
  return {
    text,
    binds: toBinds(params),
    // What may not be read by its text may write, whatever it was meant for.
    isWrite: !readOnly,
    deadline,
    parameters: {
      MULTI_STATEMENT_COUNT: 1,
      ...(timeoutMs !== undefined && { STATEMENT_TIMEOUT_IN_SECONDS: Math.ceil(timeoutMs / 1000) }),
      ...(maxRows < Infinity && { ROWS_PER_RESULTSET: maxRows }),
      ...(queryTags && Object.keys(queryTags).length > 0 && { QUERY_TAG: tagOf(queryTags) }),
    },
  };
}

function tagOf(queryTags: Readonly<Record<string, string>>): string {
  const tag = JSON.stringify(queryTags);
  if (tag.length <= longestTag) return tag;
  throw new ValidationError(
    `queryTags must not exceed ${longestTag} characters as JSON; they have ${tag.length}`,
    "queryTags",
  );
}
