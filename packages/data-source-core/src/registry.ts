import { configurationChecks as check } from "./checks.ts";
import type { DataSource } from "./data-source.ts";
import { createDeadline, type Deadline } from "./deadline.ts";
import { ConfigurationError, DataSourceError, ValidationError } from "./errors.ts";
import { poolKey } from "./identity.ts";
import { createOpenSources, type Lease, type OpenSource, type OpenSourcesSettings } from "./open-sources.ts";

export type { Lease } from "./open-sources.ts";

/** What `load` says about one id. */
export interface SourceDefinition {
  /**
   * Everything that makes it another source: host, user, password or token, role, options. While it stays equal the
   * source is kept; a change (a rotated secret) makes a new one. Hashed in memory, never printed.
   */
  readonly identity: Readonly<Record<string, unknown>>;
  /** Makes a new source at each call: one that is already in use elsewhere is refused. */
  readonly create: () => DataSource | Promise<DataSource>;
}

export interface RegistryOptions {
  /** Looks an id up. What it rejects with is the caller's error, and is not remembered. */
  readonly load: (id: string, options: { readonly signal: AbortSignal }) => Promise<SourceDefinition>;
  /** Sources kept open, at most; the least recently used goes first. One in use is never closed for it. Default 100. */
  readonly max?: number;
  /** Milliseconds that an unused source stays open. Default 600,000. */
  readonly idleMs?: number;
  /** Milliseconds after which `load` is asked again, so that a rotated secret or a removed id shows. Default 60,000. */
  readonly reloadMs?: number;
  /** Milliseconds for `load` and `create` together. Default 30,000. */
  readonly loadTimeoutMs?: number;
  /** Milliseconds that `close()` waits for leases, and then for the sources to close. Default 10,000 each. */
  readonly closeTimeoutMs?: number;
  /** Told when a source could not be closed properly; nobody else could hear of it. */
  readonly onCloseError?: (id: string, error: unknown) => void;
}

export interface DataSourceRegistry extends AsyncDisposable {
  /** Sources that are open, those on their way out not counted. */
  readonly size: number;
  /** Borrows the source of an id; concurrent calls build it once. `signal` ends this caller's wait only. */
  get(id: string, options?: { readonly signal?: AbortSignal }): Promise<Lease>;
  /** Borrows it for the time of `work`. */
  use<T>(id: string, work: (source: DataSource) => Promise<T>, options?: { readonly signal?: AbortSignal }): Promise<T>;
  /** Refuses new calls, waits for leases, then closes everything. Idempotent. */
  close(): Promise<void>;
}

/** A source in the making. Whoever waits has a lease from the moment it is there, so that nobody can evict it first. */
interface Build {
  readonly promise: Promise<OpenSource>;
  waiting: number;
  entry: OpenSource | undefined;
}

/**
 * One data source per id, for many tenants or for one source per signed-in user: built once, kept while used, replaced
 * when its credentials change, closed when idle. Nothing is ever shared between two ids.
 *
 * @example
 * ```ts
 * import { createDataSourceRegistry, type SourceDefinition } from "@org/data-source-core/registry";
 *
 * declare function readTenant(id: string): Promise<SourceDefinition>;
 * const registry = createDataSourceRegistry({ load: readTenant, max: 50 });
 * const result = await registry.use("tenant-1", (source) => source.query("select 1"));
 * await registry.close();
 * ```
 */
export function createDataSourceRegistry(options: RegistryOptions): DataSourceRegistry {
  const { load, reloadMs, loadTimeoutMs, ...settings } = resolveOptions(options);
  const sources = createOpenSources(settings);
  const builds = new Map<string, Build>();
  const made = new WeakSet<DataSource>();
  const shutdown = new AbortController();
  let closing: Promise<void> | undefined;

  const find = async (id: string, build: Omit<Build, "promise">): Promise<OpenSource> => {
    using deadline = createDeadline({
      timeoutMs: loadTimeoutMs,
      code: "CONNECT_TIMEOUT",
      signals: [shutdown.signal],
    });
    const definition = checkDefinition(await deadline.race(Promise.resolve(load(id, { signal: deadline.signal }))));
    const key = poolKey(definition.identity);
    const known = sources.find(id);
    const entry = known?.key === key ? known : await make(id, key, definition, deadline);
    // Nothing is awaited from here on: the source could be evicted, and closed, before it has its leases.
    entry.loadedAtMs = performance.now();
    sources.adopt(entry, build.waiting);
    build.entry = entry;
    return entry;
  };
  const make = async (
    id: string,
    key: string,
    { create }: SourceDefinition,
    deadline: Deadline,
  ): Promise<OpenSource> => {
    const creating = Promise.resolve(create());
    const source = await deadline.race(creating).catch((error: unknown) => {
      // It may still arrive, with nobody left to close it.
      creating.then((late) => (made.has(late) ? undefined : late.close())).catch(() => {});
      throw error;
    });
    check.object("what create gives", source);
    if (made.has(source)) throw new ConfigurationError("create must make a new data source at each call", "create");
    made.add(source);
    return { id, key, source, loadedAtMs: 0, leases: 0, isRetired: false, isClosing: false, idleTimer: undefined };
  };
  const startBuild = (id: string): Build => {
    const begun = { waiting: 0, entry: undefined };
    const promise = find(id, begun).finally(() => builds.delete(id));
    promise.catch(() => {}); // Everybody who waited may have gone.
    const build: Build = Object.assign(begun, { promise });
    builds.set(id, build);
    return build;
  };
  const awaitBuild = async (build: Build, deadline: Deadline): Promise<OpenSource> => {
    build.waiting += 1;
    try {
      return await deadline.race(build.promise);
    } catch (error) {
      if (build.entry === undefined) build.waiting -= 1;
      else sources.release(build.entry);
      throw error;
    }
  };

  const leaseOf = (entry: OpenSource): Lease => {
    let isReleased = false;
    const release = (): void => {
      if (!isReleased) sources.release(entry);
      isReleased = true;
    };
    return { source: entry.source, release, [Symbol.dispose]: release };
  };
  const get: DataSourceRegistry["get"] = async (id, { signal } = {}) => {
    if (typeof id !== "string" || id === "") throw new ValidationError("id must be a non-empty string", "id");
    if (closing !== undefined) throw closedError();
    using deadline = createDeadline({ timeoutMs: Infinity, signals: [signal] });
    deadline.throwIfOver();
    const known = sources.find(id);
    if (known === undefined || performance.now() - known.loadedAtMs >= reloadMs)
      return leaseOf(await awaitBuild(builds.get(id) ?? startBuild(id), deadline));
    sources.borrow(known);
    return leaseOf(known);
  };

  const close = async (): Promise<void> => {
    shutdown.abort(closedError());
    await Promise.allSettled([...builds.values()].map(({ promise }) => promise));
    await sources.drain();
  };
  const closeOnce = (): Promise<void> => (closing ??= close());

  return {
    get size() {
      return sources.size;
    },
    get,
    use: async (id, work, options) => {
      using borrowed = await get(id, options);
      return await work(borrowed.source);
    },
    close: closeOnce,
    [Symbol.asyncDispose]: closeOnce,
  };
}

function checkDefinition(definition: SourceDefinition): SourceDefinition {
  check.object("what load gives", definition);
  check.object("identity", definition.identity);
  check.func("create", definition.create);
  return definition;
}

type Resolved = Required<Omit<RegistryOptions, "onCloseError">> & Pick<OpenSourcesSettings, "onCloseError">;

function resolveOptions(options: RegistryOptions): Resolved {
  check.object("options", options);
  check.known(options, ["load", "max", "idleMs", "reloadMs", "loadTimeoutMs", "closeTimeoutMs", "onCloseError"]);
  const { max = 100, idleMs = 600_000, reloadMs = 60_000, loadTimeoutMs = 30_000, closeTimeoutMs = 10_000 } = options;
  check.func("load", options.load);
  if (options.onCloseError !== undefined) check.func("onCloseError", options.onCloseError);
  check.limit("max", max);
  for (const [field, value] of Object.entries({ idleMs, reloadMs, loadTimeoutMs, closeTimeoutMs }))
    check.durationMs(field, value);
  return {
    load: options.load,
    onCloseError: options.onCloseError,
    max,
    idleMs,
    reloadMs,
    loadTimeoutMs,
    closeTimeoutMs,
  };
}

const closedError = (): DataSourceError =>
  new DataSourceError({ code: "CLOSED", message: "The data source registry is closed" });
