import {
  DataSourceError,
  type BatchOptions,
  type QueryOptions,
  type QueryResult,
  type QueryStream,
  type Request,
  type StreamOptions,
} from "@org/data-source-core";
import {
  type CallScope,
  observed,
  resolveQueryOptions,
  resolveStreamOptions,
  resolveUnitOptions,
  validationChecks,
} from "@org/data-source-core/adapter";
import type { Engine } from "./engine.ts";
import { runQuery } from "./query.ts";
import { prepare } from "./statement.ts";
import { openStream } from "./stream.ts";

export function createQuery(engine: Engine, scope: CallScope) {
  return async <R>(request: Request, given?: QueryOptions<R>): Promise<QueryResult<R>> => {
    const options = resolveQueryOptions<R>(given, scope);
    const prepared = prepare(request, options.queryTags, engine.options);
    const details = { name: "query", text: prepared.request.text };
    return await observed(
      engine,
      details,
      () => runQuery(engine, prepared, options),
      (result) => result.rows.length,
    );
  };
}

export function createStream(engine: Engine, scope: CallScope) {
  return <R>(request: Request, given?: StreamOptions<R>): QueryStream<R> => {
    const options = resolveStreamOptions<R>(given, scope);
    return openStream(engine, prepare(request, options.queryTags, engine.options), options);
  };
}

/** One after the other; all are checked before the first is sent. Not atomic: BigQuery has no transaction for it. */
export function createBatch(engine: Engine, scope: CallScope) {
  return async (requests: readonly Request[], given: BatchOptions = {}): Promise<QueryResult[]> => {
    const { isolation, ...rest } = given;
    if (isolation !== undefined) validationChecks.oneOf("isolation", isolation, []);
    const options = resolveQueryOptions(rest, scope);
    const statements = requests.map((request) => prepare(request, options.queryTags, engine.options));
    return await observed(engine, { name: "batch", batchSize: requests.length }, async () => {
      const results: QueryResult[] = [];
      for (const prepared of statements) results.push((await runQuery(engine, prepared, options)) as QueryResult);
      return results;
    });
  };
}

/** `session` and `transaction`: wrong options and a closed source are told before that there is none. */
export function createUnsupported(engine: Engine, scope: CallScope, what: "session" | "transaction") {
  return async (_work: unknown, given?: object): Promise<never> => {
    resolveUnitOptions(given, scope);
    return await observed(engine, { name: what }, async () => {
      throw new DataSourceError({
        code: "UNSUPPORTED",
        kind: "bigquery",
        message: `The BigQuery adapter has no ${what}s`,
        hint: "Send each statement as a job of its own; several writes go into one MERGE, or into a procedure.",
      });
    });
  };
}
