import { type QueryStream, type Request, SessionLostError, type StreamOptions } from "@org/data-source-core";
import {
  type BatchReader,
  createQueryStream,
  type ResolvedRequest,
  resolveStreamOptions,
  withSql,
} from "@org/data-source-core/adapter";
import { type Engine, type Place, resolveStatement, toCall } from "./queryable.ts";
import { isMidStreamExpiry, openRows } from "./rows.ts";
import { failureError, type Use } from "./runner.ts";

export function createStream(engine: Engine, place: Place) {
  return <R>(request: Request, given?: StreamOptions<R>): QueryStream<R> => {
    const options = resolveStreamOptions<R>(given, place.scope);
    const resolved = resolveStatement(request, options.readOnly, place);
    const signal = AbortSignal.any([options.signal, ...place.signals].filter((each) => each !== undefined));
    return createQueryStream<R>({
      kind: "snowflake",
      options: { ...options, signal },
      rowMode: resolved.rowMode,
      lifecycle: engine.lifecycle,
      start: () => engine.instrument.start({ name: "stream", text: resolved.text }),
      open: async (deadline) => {
        // The statement's own clock is the first batch's; the stream's signals are in it.
        const call = toCall(resolved, options, deadline, options.maxRows + 1);
        try {
          return await place.run(call, reader(engine, resolved, options.maxRows + 1));
        } catch (error) {
          throw withSql(error, resolved);
        }
      },
    });
  };
}

/** The statement has been run by the server before its first row: what is left is to fetch its result. */
function reader(engine: Engine, request: ResolvedRequest, maxRows: number): Use<BatchReader> {
  return async (statement, lease) => {
    const rows = openRows(statement, engine.types, maxRows);
    let delivered = 0;
    return {
      columns: rows.columns,
      queryId: statement.getQueryId(),
      read: async (count, deadline) => {
        try {
          const batch = await rows.read(Math.min(count, 10_000), deadline);
          delivered += batch.rows.length;
          return batch;
        } catch (error) {
          const mapped = failureError(error, { text: request.text, deadline }, engine.redact);
          if (!isMidStreamExpiry(error, delivered)) throw withSql(mapped, request);
          lease.expire();
          const lost = new SessionLostError({
            kind: "snowflake",
            message: `The session's authentication expired after ${delivered} rows had been delivered: ${mapped.message}`,
            nativeCode: mapped.nativeCode,
            sqlState: mapped.sqlState,
            queryId: statement.getQueryId(),
            hint: "Run the stream again from its start, or from where it ended if its order is known.",
            lost: ["the rest of the stream"],
            cause: mapped.cause,
          });
          throw withSql(lost, request);
        }
      },
      close: async () => {
        rows.close();
        lease.release();
      },
    };
  };
}
