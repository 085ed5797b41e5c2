import type { QueryStream, Request, StreamOptions } from "@org/data-source-core";
import {
  type BatchReader,
  createDeadline,
  createQueryStream,
  type Deadline,
  type ResolvedRequest,
  type ResolvedStreamOptions,
  resolveRequest,
  resolveStreamOptions,
  withSql,
} from "@org/data-source-core/adapter";
import type { Lease } from "./connection.ts";
import { openPortal } from "./portal.ts";
import { dialect, type Engine, type Place } from "./queryable.ts";
import { checkStatement } from "./read-only.ts";
import { leavesTraces } from "./traces.ts";
import { withReplay } from "./replay.ts";

const closeTimeoutMs = 5_000;

export function createStream(engine: Engine, place: Place) {
  return <R>(request: Request, given?: StreamOptions<R>): QueryStream<R> => {
    const options = resolveStreamOptions<R>(given, place.scope);
    const resolved = resolveRequest(request, dialect);
    const classification = checkStatement(resolved.text, place.statements(options.readOnly), place.flavour);
    const isTainting = leavesTraces(classification, options.readOnly, place.flavour);
    const signal = AbortSignal.any([options.signal, ...place.signals].filter((each) => each !== undefined));
    return createQueryStream<R>({
      kind: "postgres",
      options: { ...options, signal },
      rowMode: resolved.rowMode,
      lifecycle: engine.lifecycle,
      open: (deadline) => openReader(engine, place, resolved, options, isTainting, deadline),
      start: () => engine.instrument.start({ name: "stream", text: resolved.text }),
    });
  };
}

async function openReader<R>(
  engine: Engine,
  place: Place,
  request: ResolvedRequest,
  options: ResolvedStreamOptions<R>,
  isTainting: boolean,
  deadline: Deadline,
): Promise<BatchReader> {
  const guard = place.guard(options.readOnly);
  const open = async (lease: Lease): Promise<BatchReader> => {
    if (isTainting) lease.connection.taint();
    const portal = await openPortal(engine, lease.connection, guard, request, options, deadline);
    let isOpen = true;
    return {
      columns: portal.columns,
      queryId: undefined,
      read: async (maxRows, deadline) => {
        try {
          const { rows, tag } = await portal.read(maxRows, deadline);
          isOpen = tag === undefined;
          return { rows, done: !isOpen };
        } catch (error) {
          isOpen = false;
          throw withSql(place.onError(error), request);
        }
      },
      close: async () => {
        using limit = createDeadline({ timeoutMs: closeTimeoutMs });
        if (isOpen && portal.mustClose) await portal.close(limit);
        await lease.end();
      },
    };
  };
  try {
    return await withReplay(place, deadline, options.readOnly, open);
  } catch (error) {
    throw withSql(place.onError(error), request);
  }
}
