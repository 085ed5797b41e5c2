import { entryKey, flightKey } from "./cache-key.ts";
import { configurationChecks as check, validationChecks } from "./checks.ts";
import { decodeTagged, encodeTagged } from "./codec.ts";
import type { DataSource } from "./data-source.ts";
import { createDeadline } from "./deadline.ts";
import { extendSource } from "./extend-source.ts";
import { ConfigurationError, DataSourceError } from "./errors.ts";
import type { ArrayRequest, QueryOptions, Request } from "./request.ts";
import type { QueryResult, Row } from "./result.ts";
import { validateRows } from "./rows.ts";

/** Where results are kept: a Keyv over memory, Redis, SQLite…, or anything with these two methods. */
export interface CacheStore {
  get(key: string): Promise<unknown>;
  /** `ttlMs`: when the entry may be forgotten. A key has fewer than 100 characters. */
  set(key: string, value: string, ttlMs: number): Promise<unknown>;
}

export interface CacheOptions {
  readonly store: CacheStore;
  /** Results that take more bytes than this, encoded, are not kept. Default 1,048,576. */
  readonly maxEntryBytes?: number;
  /** Row limit of a cached query that states none: part of the key, so it cannot be the source's own. Default 10,000. */
  readonly maxRows?: number;
  /** Likewise for bytes. Default Infinity. */
  readonly maxBytes?: number;
  /** Milliseconds that a query waits for the store to answer, and again to keep a result. Default 1,000. */
  readonly storeTimeoutMs?: number;
  /** Told when the store fails or is too slow; the query itself then runs as without a cache. */
  readonly onStoreError?: (error: unknown) => void;
}

export interface CachedQueryOptions<R = unknown> extends QueryOptions<R> {
  /** Take a result that is younger than this, in milliseconds, and keep a new one for as long. Without it: no cache. */
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
  /** The same, encoded. `undefined` when it has values that cannot be. */
  readonly text: string | undefined;
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
  check.known(options, ["store", "maxEntryBytes", "maxRows", "maxBytes", "storeTimeoutMs", "onStoreError"]);
  const { store, maxEntryBytes = 1_048_576, maxRows = 10_000, maxBytes = Infinity, storeTimeoutMs = 1_000 } = options;
  check.object("store", store);
  check.func("store.get", store.get);
  check.func("store.set", store.set);
  check.count("maxEntryBytes", maxEntryBytes);
  check.limit("maxRows", maxRows);
  check.limit("maxBytes", maxBytes);
  check.durationMs("storeTimeoutMs", storeTimeoutMs);
  if (options.onStoreError !== undefined) check.func("onStoreError", options.onStoreError);
  const flights = new Map<string, Flight>();
  const plain: Query = source.query.bind(source);

  /** What the store says; `undefined` when it fails. */
  const ask = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    using deadline = createDeadline({ timeoutMs: storeTimeoutMs });
    try {
      return await deadline.race(Promise.resolve(work()));
    } catch (error) {
      try {
        options.onStoreError?.(deadline.signal.aborted ? storeError(storeTimeoutMs) : error);
      } catch {
        // A listener's own fault must not become a query's.
      }
      return undefined;
    }
  };
  const read = (key: string, ttlMs: number): Promise<Outcome | undefined> =>
    ask(async () => {
      const text = await store.get(key);
      const stored = typeof text === "string" ? decodeTagged(text) : undefined;
      if (typeof text !== "string" || !isStored(stored)) return undefined;
      const ageMs = Date.now() - stored.atMs;
      return ageMs >= 0 && ageMs < ttlMs ? { result: stored.result, text } : undefined;
    });

  const run = async (key: string, request: Request, rest: QueryOptions, ttlMs: number): Promise<Outcome> => {
    const startedMs = performance.now();
    const known = await read(key, ttlMs);
    if (known !== undefined) return { ...known, result: fromCache(known.result, performance.now() - startedMs) };
    const result = await plain(request, rest);
    const text = encoded({ atMs: Date.now(), result });
    if (text !== undefined && Buffer.byteLength(text) <= maxEntryBytes) await ask(() => store.set(key, text, ttlMs));
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
    validationChecks.object("cache", cache);
    validationChecks.known(cache, ["ttlMs"], "cache.");
    validationChecks.count("cache.ttlMs", cache.ttlMs);
    if (source.cacheIdentity === undefined)
      throw new ConfigurationError(
        "Caching needs to know who the source acts as, which a credential function or factory hides: set cacheIdentity",
        "cacheIdentity",
      );
    const { signal, rowSchema, ...rest } = { maxRows, maxBytes, ...passed };
    const key = entryKey(source.cacheIdentity, request, rest);
    if (key === undefined) return await plain(request, { maxRows, maxBytes, ...passed });
    const id = flightKey(key, rest, cache.ttlMs);
    const running = flights.get(id);
    const flight = running ?? start(id, key, request, rest, cache.ttlMs);
    const { result: first, text } = await join(id, flight, signal);
    if (running === undefined) return { ...first, rows: await validateRows(first.rows, rowSchema) };
    // Callers may change their rows: each has its own.
    if (text === undefined) return await plain(request, { maxRows, maxBytes, ...passed });
    return { ...first, rows: await validateRows((decodeTagged(text) as Stored).result.rows, rowSchema) };
  };
  return extendSource(source, { query });
}

function encoded(entry: Stored): string | undefined {
  try {
    return encodeTagged(entry);
  } catch {
    return undefined;
  }
}

/** Whatever is in the store, another program may have written it. */
function isStored(value: unknown): value is Stored {
  const { atMs, result } = (value ?? {}) as Partial<Stored>;
  return typeof atMs === "number" && Array.isArray(result?.rows) && Array.isArray(result.columns);
}

const storeError = (timeoutMs: number): DataSourceError =>
  new DataSourceError({ code: "CONNECTION", message: `The cache's store did not answer within ${timeoutMs} ms` });

function fromCache(result: QueryResult<unknown>, totalMs: number): QueryResult<unknown> {
  return {
    ...result,
    timings: { totalMs, acquireMs: undefined, executeMs: undefined, fetchMs: undefined },
    usage: { bytesProcessed: undefined, bytesBilled: undefined, cacheHit: true },
  };
}
