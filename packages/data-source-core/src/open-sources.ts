import type { DataSource } from "./data-source.ts";
import { createDeadline } from "./deadline.ts";
import { DataSourceError } from "./errors.ts";

/** A source that stays open until the lease is released. */
export interface Lease extends Disposable {
  readonly source: DataSource;
  /** Idempotent. */
  release(): void;
}

/** An open source, and who uses it. */
export interface OpenSource {
  readonly id: string;
  /** Of its identity. */
  readonly key: string;
  readonly source: DataSource;
  loadedAtMs: number;
  leases: number;
  /** No longer handed out; closed with its last lease. */
  isRetired: boolean;
  isClosing: boolean;
  idleTimer: NodeJS.Timeout | undefined;
}

/** The open sources, one for each id: which are kept, and how they end. */
export interface OpenSources {
  readonly size: number;
  find(id: string): OpenSource | undefined;
  /** From now on the source of its id, with these leases more; an older one of that id is on its way out. */
  adopt(entry: OpenSource, leases: number): void;
  borrow(entry: OpenSource): void;
  /** One lease less. */
  release(entry: OpenSource): void;
  /** Waits for leases, then closes what is left; both for at most `closeTimeoutMs`. */
  drain(): Promise<void>;
}

export interface OpenSourcesSettings {
  readonly max: number;
  readonly idleMs: number;
  readonly closeTimeoutMs: number;
  readonly onCloseError: ((id: string, error: unknown) => void) | undefined;
}

/** The longest delay that setTimeout takes: a longer one would fire at once. */
const longestDelayMs = 2 ** 31 - 1;

export function createOpenSources({ max, idleMs, closeTimeoutMs, onCloseError }: OpenSourcesSettings): OpenSources {
  /** In the order of their last use. */
  const entries = new Map<string, OpenSource>();
  const retired = new Set<OpenSource>();
  const closing = new Map<OpenSource, Promise<void>>();
  let onDrained: (() => void) | undefined;

  const closeSource = (entry: OpenSource): void => {
    if (entry.isClosing) return;
    entry.isClosing = true;
    retired.delete(entry);
    const close = async (): Promise<void> => {
      try {
        await entry.source.close();
      } catch (error) {
        onCloseError?.(entry.id, error);
      }
    };
    closing.set(
      entry,
      close().finally(() => closing.delete(entry)),
    );
  };
  const retire = (entry: OpenSource): void => {
    clearTimeout(entry.idleTimer);
    entry.isRetired = true;
    if (entries.get(entry.id) === entry) entries.delete(entry.id);
    if (entry.leases === 0) closeSource(entry);
    else retired.add(entry);
  };
  /** Makes room; what is in use stays, and goes when it is released. */
  const evict = (): void => {
    for (const entry of entries.values()) {
      if (entries.size <= max) return;
      if (entry.leases === 0) retire(entry);
    }
  };
  const borrow = (entry: OpenSource, leases = 1): void => {
    entry.leases += leases;
    clearTimeout(entry.idleTimer);
    entries.delete(entry.id);
    entries.set(entry.id, entry);
  };
  const rest = (entry: OpenSource): void => {
    if (entry.isRetired) closeSource(entry);
    else if (idleMs <= longestDelayMs) entry.idleTimer = setTimeout(() => retire(entry), idleMs).unref();
  };

  return {
    get size() {
      return entries.size;
    },
    find: (id) => entries.get(id),
    adopt: (entry, leases) => {
      const old = entries.get(entry.id);
      if (old !== undefined && old !== entry) retire(old);
      borrow(entry, leases);
      if (entry.leases === 0) rest(entry);
      evict();
    },
    borrow,
    release: (entry) => {
      entry.leases -= 1;
      if (entry.leases > 0) return;
      rest(entry);
      evict();
      if (retired.size === 0) onDrained?.();
    },
    drain: async () => {
      for (const entry of entries.values()) retire(entry);
      const drained = new Promise<void>((resolve) => (onDrained = resolve));
      if (retired.size > 0) await within(closeTimeoutMs, drained);
      for (const entry of retired) closeSource(entry);
      await within(closeTimeoutMs, Promise.all(closing.values()));
      for (const { id } of closing.keys()) onCloseError?.(id, notClosed(closeTimeoutMs));
    },
  };
}

/** Waits for `work`, but no longer than that. */
async function within(timeoutMs: number, work: Promise<unknown>): Promise<void> {
  using deadline = createDeadline({ timeoutMs });
  await deadline.race(work).catch(() => undefined);
}

const notClosed = (timeoutMs: number): DataSourceError =>
  new DataSourceError({ code: "CONNECTION", message: `The data source did not close within ${timeoutMs} ms` });
