import { configurationChecks as check } from "./checks.ts";
import { decodeTagged, encodeTagged } from "./codec.ts";
import type { DataSource } from "./data-source.ts";
import { createDeadline } from "./deadline.ts";
import { extendSource } from "./extend-source.ts";
import { ConfigurationError, ValidationError } from "./errors.ts";
import type { ArrayRequest, QueryOptions, Request } from "./request.ts";
import type { QueryResult, Row } from "./result.ts";
import { validateRows } from "./rows.ts";
import { isSqlFragment, isTypedParam } from "./sql.ts";

/** Where results are kept: a Keyv over memory, Redis, SQLite…, or anything with these two methods. */
export interface CacheStore {
  get(key: string): Promise<unknown>;
  /** `ttlMs`: when the entry may be forgotten. */
  set(key: string, value: string, ttlMs: number): Promise<unknown>;
}

export interface CacheOptions {
  readonly store: CacheStore;
  /** Results that take more bytes than this, encoded, are not kept. Default 1,048,576. */
  readonly maxEntryBytes?: number;
  /** Row limit of a cached query that states none: part of the key, so it cannot be the source's own. Default 10,000. */
  readonly maxRows?: number;
  /** Told when the store fails; the query itself then runs as without a cache. */
  readonly onStoreError?: (error: unknown) => void;
}

export interface CachedQueryOptions<R = unknown> extends QueryOptions<R> {
  /** Take a result that is at most this many milliseconds old, and keep a new one for as long. Without it: no cache. */
  readonly cache?: { readonly ttlMs: number };
}

/** A data source whose `query` can be asked to remember results. */
export interface CachedDataSource extends Omit<DataSource, "query"> {
  query<R extends readonly unknown[] = unknown[]>(
    request: ArrayRequest,
    options?: CachedQueryOptions<R>,
  ): Promise<QueryResult<R>>;
  query<R = Row>(request: Request, options?: CachedQueryOptions<R>): Promise<QueryResult<R>>;
}

type Query = (request: Request, options?: CachedQueryOptions) => Promise<QueryResult<unknown>>;

interface Outcome {
  readonly result: QueryResult<unknown>;
  /** The same, encoded. */
  readonly text: string;
}

interface Flight {
  readonly promise: Promise<Outcome>;
  readonly controller: AbortController;
  waiting: number;
}

interface Stored {
  readonly atMs: number;
  readonly result: QueryResult<unknown>;
}

/**
 * Lets queries share results, within one principal only: the key is who the source acts as, the statement, its values
 * and its limits, never a secret. Errors are never kept; a cut result stays marked `truncated`; writes pass by.
 *
 * @example
 * ```ts
 * import type { DataSource } from "@org/data-source-core";
 * import { cacheDataSource } from "@org/data-source-core/cache";
 * import { Keyv } from "keyv";
 *
 * declare const source: DataSource;
 * const cached = cacheDataSource(source, { store: new Keyv() });
 * const { rows } = await cached.query("select count(*) from orders", { cache: { ttlMs: 60_000 } });
 * ```
 */
export function cacheDataSource(source: DataSource, options: CacheOptions): CachedDataSource {
  check.object("options", options);
  check.known(options, ["store", "maxEntryBytes", "maxRows", "onStoreError"]);
  const { store, maxEntryBytes = 1_048_576, maxRows = 10_000, onStoreError } = options;
  check.object("store", store);
  check.count("maxEntryBytes", maxEntryBytes);
  check.limit("maxRows", maxRows);
  if (onStoreError !== undefined) check.func("onStoreError", onStoreError);
  const flights = new Map<string, Flight>();
  const plain: Query = source.query.bind(source);

  const read = async (key: string, ttlMs: number): Promise<Outcome | undefined> => {
    try {
      const text = await store.get(key);
      if (typeof text !== "string") return undefined;
      const { atMs, result } = decodeTagged(text) as Stored;
      const ageMs = Date.now() - atMs;
      return ageMs >= 0 && ageMs < ttlMs ? { result, text } : undefined;
    } catch (error) {
      onStoreError?.(error);
      return undefined;
    }
  };
  const write = async (key: string, text: string, ttlMs: number): Promise<void> => {
    if (Buffer.byteLength(text) > maxEntryBytes) return;
    try {
      await store.set(key, text, ttlMs);
    } catch (error) {
      onStoreError?.(error);
    }
  };

  const run = async (key: string, request: Request, rest: QueryOptions, ttlMs: number): Promise<Outcome> => {
    const startedMs = performance.now();
    const known = await read(key, ttlMs);
    if (known !== undefined) return { ...known, result: fromCache(known.result, performance.now() - startedMs) };
    const result = await plain(request, rest);
    const text = encodeTagged({ atMs: Date.now(), result } satisfies Stored);
    await write(key, text, ttlMs);
    return { result, text };
  };
  const start = (id: string, key: string, request: Request, rest: QueryOptions, ttlMs: number): Flight => {
    const controller = new AbortController();
    const promise = run(key, request, { ...rest, signal: controller.signal }, ttlMs);
    const flight: Flight = { promise, controller, waiting: 0 };
    flights.set(id, flight);
    promise.catch(() => {}).finally(() => forget(id, flight)); // Everybody who waited may have gone.
    return flight;
  };
  const forget = (id: string, flight: Flight): void => {
    if (flights.get(id) === flight) flights.delete(id);
  };
  const join = async (id: string, flight: Flight, signal: AbortSignal | undefined): Promise<Outcome> => {
    using deadline = createDeadline({ timeoutMs: Infinity, signals: [signal], kind: source.kind });
    flight.waiting += 1;
    try {
      return await deadline.race(flight.promise);
    } finally {
      flight.waiting -= 1;
      if (flight.waiting === 0) {
        forget(id, flight);
        flight.controller.abort(signal?.reason);
      }
    }
  };

  const query: Query = async (request, given = {}) => {
    const { cache, ...passed } = given;
    if (cache === undefined || passed.readOnly === false) return await plain(request, passed);
    check.object("cache", cache);
    if (!(cache.ttlMs > 0)) throw new ValidationError("cache.ttlMs must be milliseconds above 0", "cache.ttlMs");
    if (source.cacheIdentity === undefined)
      throw new ConfigurationError(
        "Caching needs to know who the source acts as, which a credential function or factory hides: set cacheIdentity",
        "cacheIdentity",
      );
    const { signal, rowSchema, ...rest } = { maxRows, maxBytes: Infinity, ...passed };
    const key = `${source.cacheIdentity}\n${encodeTagged([describe(request), rest.maxRows, rest.maxBytes])}`;
    const id = flightKey(key, rest, cache.ttlMs);
    const running = flights.get(id);
    const flight = running ?? start(id, key, request, rest, cache.ttlMs);
    const { result: first, text } = await join(id, flight, signal);
    // Callers may change their rows: each has its own.
    const result = running === undefined ? first : { ...first, rows: (decodeTagged(text) as Stored).result.rows };
    return { ...result, rows: await validateRows(result.rows, rowSchema) };
  };
  return extendSource(source, { query });
}

/** Only calls with the same deadline and tags share a flight: they would fail alike. */
const flightKey = (key: string, { statementTimeoutMs, queryTags }: QueryOptions, ttlMs: number): string =>
  `${key}\n${encodeTagged([statementTimeoutMs, queryTags, ttlMs])}`;

/** A request's text and values; a fragment stays in pieces, since only its engine knows how to write it. */
function describe(request: Request): unknown {
  if (typeof request === "string") return [request];
  if (isSqlFragment(request))
    return request.pieces.map((piece) => (piece.kind === "value" ? { value: describeValue(piece.value) } : piece));
  const { text, params, rowMode = "object" } = request;
  return [text, Array.isArray(params) ? params.map(describeValue) : params, rowMode];
}

const describeValue = (value: unknown): unknown => (isTypedParam(value) ? { typed: [value.value, value.type] } : value);

function fromCache(result: QueryResult<unknown>, totalMs: number): QueryResult<unknown> {
  return {
    ...result,
    timings: { totalMs, acquireMs: undefined, executeMs: undefined, fetchMs: undefined },
    usage: { bytesProcessed: undefined, bytesBilled: undefined, cacheHit: true },
  };
}
