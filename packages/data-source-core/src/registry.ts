import { configurationChecks as check } from "./checks.ts";
import type { DataSource } from "./data-source.ts";
import { createDeadline, type Deadline } from "./deadline.ts";
import { DataSourceError, ValidationError } from "./errors.ts";
import { poolKey } from "./identity.ts";

/** What `load` says about one id. */
export interface SourceDefinition {
  /**
   * Everything that makes it another source: host, user, password or token, role, options. While it stays equal the
   * source is kept; a change (a rotated secret) makes a new one. Hashed in memory, never printed.
   */
  readonly identity: Readonly<Record<string, unknown>>;
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
  /** Milliseconds that `close()` waits for leases before it closes their sources. Default 10,000. */
  readonly closeTimeoutMs?: number;
  /** Told when a source could not be closed properly; nobody else could hear of it. */
  readonly onCloseError?: (id: string, error: unknown) => void;
}

/** A source that stays open until the lease is released. */
export interface Lease extends Disposable {
  readonly source: DataSource;
  /** Idempotent. */
  release(): void;
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

/** The longest delay that setTimeout takes: a longer one would fire at once. */
const longestDelayMs = 2 ** 31 - 1;

/** A source in the making. Whoever waits has a lease from the moment it is there, so that nobody can evict it first. */
interface Build {
  readonly promise: Promise<Entry>;
  waiting: number;
  entry: Entry | undefined;
}

interface Entry {
  readonly id: string;
  readonly key: string;
  readonly source: DataSource;
  loadedAtMs: number;
  leases: number;
  /** No longer handed out; closed with its last lease. */
  isRetired: boolean;
  idleTimer: NodeJS.Timeout | undefined;
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
  const { load, onCloseError, max, idleMs, reloadMs, loadTimeoutMs, closeTimeoutMs } = resolveOptions(options);
  /** In the order of their last use. */
  const entries = new Map<string, Entry>();
  const builds = new Map<string, Build>();
  const retired = new Set<Entry>();
  const closings = new Set<Promise<void>>();
  const shutdown = new AbortController();
  let closing: Promise<void> | undefined;
  let onReleased: (() => void) | undefined;

  const closeSource = (entry: Entry): void => {
    retired.delete(entry);
    const closed: Promise<void> = entry.source
      .close()
      .catch((error: unknown) => onCloseError?.(entry.id, error))
      .finally(() => closings.delete(closed));
    closings.add(closed);
  };
  const retire = (entry: Entry): void => {
    clearTimeout(entry.idleTimer);
    entry.isRetired = true;
    if (entries.get(entry.id) === entry) entries.delete(entry.id);
    if (entry.leases === 0) closeSource(entry);
    else retired.add(entry);
  };
  const evict = (): void => {
    for (const entry of entries.values()) {
      if (entries.size <= max) return;
      if (entry.leases === 0) retire(entry);
    }
  };
  const rest = (entry: Entry): void => {
    if (idleMs <= longestDelayMs) entry.idleTimer = setTimeout(() => retire(entry), idleMs).unref();
    evict();
  };

  const release = (entry: Entry): void => {
    entry.leases -= 1;
    if (entry.leases > 0) return;
    if (entry.isRetired) closeSource(entry);
    else rest(entry);
    onReleased?.();
  };

  const find = async (id: string): Promise<Entry> => {
    using deadline = createDeadline({
      timeoutMs: loadTimeoutMs,
      code: "CONNECT_TIMEOUT",
      signals: [shutdown.signal],
    });
    const definition = await deadline.race(load(id, { signal: deadline.signal }));
    const key = poolKey(definition.identity);
    const known = entries.get(id);
    if (known?.key === key) return known;
    const creating = Promise.resolve(definition.create());
    const source = await deadline.race(creating).catch((error: unknown) => {
      // It may still arrive, with nobody left to close it.
      creating.then((late) => late.close()).catch(() => {});
      throw error;
    });
    return { id, key, source, loadedAtMs: 0, leases: 0, isRetired: false, idleTimer: undefined };
  };
  const startBuild = (id: string): Build => {
    const promise = find(id)
      .then((entry) => {
        const old = entries.get(id);
        if (old !== undefined && old !== entry) retire(old);
        entry.loadedAtMs = performance.now();
        entry.leases += build.waiting;
        build.entry = entry;
        touch(entry);
        if (entry.leases === 0) rest(entry);
        return entry;
      })
      .finally(() => builds.delete(id));
    promise.catch(() => {}); // Everybody who waited may have gone.
    const build: Build = { promise, waiting: 0, entry: undefined };
    builds.set(id, build);
    return build;
  };
  const awaitBuild = async (build: Build, deadline: Deadline): Promise<Entry> => {
    build.waiting += 1;
    try {
      return await deadline.race(build.promise);
    } catch (error) {
      if (build.entry === undefined) build.waiting -= 1;
      else release(build.entry);
      throw error;
    }
  };

  /** Now the most recently used, and not idle. */
  const touch = (entry: Entry): void => {
    clearTimeout(entry.idleTimer);
    entries.delete(entry.id);
    entries.set(entry.id, entry);
  };
  const leaseOf = (entry: Entry): Lease => {
    let isReleased = false;
    const releaseOnce = (): void => {
      if (!isReleased) release(entry);
      isReleased = true;
    };
    return { source: entry.source, release: releaseOnce, [Symbol.dispose]: releaseOnce };
  };

  const get: DataSourceRegistry["get"] = async (id, { signal } = {}) => {
    if (typeof id !== "string" || id === "") throw new ValidationError("id must be a non-empty string", "id");
    if (closing !== undefined) throw closedError();
    using deadline = createDeadline({ timeoutMs: Infinity, signals: [signal] });
    deadline.throwIfOver();
    const known = entries.get(id);
    if (known !== undefined && performance.now() - known.loadedAtMs < reloadMs) {
      known.leases += 1;
      touch(known);
      return leaseOf(known);
    }
    return leaseOf(await awaitBuild(builds.get(id) ?? startBuild(id), deadline));
  };

  const close = async (): Promise<void> => {
    shutdown.abort(closedError());
    await Promise.allSettled([...builds.values()].map(({ promise }) => promise));
    for (const entry of entries.values()) retire(entry);
    if (retired.size > 0) await untilReleased();
    for (const entry of retired) closeSource(entry);
    await Promise.all(closings);
  };
  const untilReleased = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, closeTimeoutMs);
      onReleased = () => {
        if (retired.size > 0) return;
        clearTimeout(timer);
        resolve();
      };
    });
  const closeOnce = (): Promise<void> => (closing ??= close());

  return {
    get size() {
      return entries.size;
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

type Resolved = Required<Omit<RegistryOptions, "onCloseError">> & Pick<RegistryOptions, "onCloseError">;

function resolveOptions(options: RegistryOptions): Resolved {
  check.object("options", options);
  check.known(options, ["load", "max", "idleMs", "reloadMs", "loadTimeoutMs", "closeTimeoutMs", "onCloseError"]);
  const { max = 100, idleMs = 600_000, reloadMs = 60_000, loadTimeoutMs = 30_000, closeTimeoutMs = 10_000 } = options;
  check.func("load", options.load);
  if (options.onCloseError !== undefined) check.func("onCloseError", options.onCloseError);
  check.limit("max", max);
  for (const [field, value] of Object.entries({ idleMs, reloadMs, loadTimeoutMs, closeTimeoutMs }))
    check.durationMs(field, value);
  return { ...options, max, idleMs, reloadMs, loadTimeoutMs, closeTimeoutMs };
}

const closedError = (): DataSourceError =>
  new DataSourceError({ code: "CLOSED", message: "The data source registry is closed" });
