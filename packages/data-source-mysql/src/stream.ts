import type { QueryStream, Request, StreamOptions } from "@org/data-source-core";
import {
  type BatchReader,
  createQueryStream,
  type Deadline,
  type ResolvedStreamOptions,
  resolveStreamOptions,
  withSql,
} from "@org/data-source-core/adapter";
import type { StatementRequest } from "./query.ts";
import { type Engine, type Place, resolveStatement } from "./queryable.ts";
import { withReplay } from "./replay.ts";
import { openCursor } from "./cursor.ts";

export function createStream(engine: Engine, place: Place) {
  return <R>(request: Request, given?: StreamOptions<R>): QueryStream<R> => {
    const options = resolveStreamOptions<R>(given, place.scope);
    const resolved = resolveStatement(request, place, options.readOnly);
    const signal = AbortSignal.any([options.signal, ...place.signals].filter((each) => each !== undefined));
    return createQueryStream<R>({
      kind: "mysql",
      options: { ...options, signal },
      rowMode: resolved.rowMode,
      lifecycle: engine.lifecycle,
      open: (deadline) => openReader(engine, place, resolved, options, deadline),
      start: () => engine.instrument.start({ name: "stream", text: resolved.text }),
    });
  };
}

async function openReader<R>(
  engine: Engine,
  place: Place,
  request: StatementRequest,
  options: ResolvedStreamOptions<R>,
  deadline: Deadline,
): Promise<BatchReader> {
  const failure = (error: unknown): unknown => withSql(place.onError(error), request);
  try {
    return await withReplay(engine, place, deadline, async ({ connection, end }) => {
      const cursor = await openCursor(engine, connection, request, options, place.transaction, deadline);
      return {
        columns: cursor.columns,
        queryId: undefined,
        read: (maxRows, limit) => cursor.read(maxRows, limit).catch((error: unknown) => Promise.reject(failure(error))),
        close: async () => {
          await cursor.close();
          await end();
        },
      };
    });
  } catch (error) {
    throw failure(error);
  }
}
