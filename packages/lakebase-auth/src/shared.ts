import type { Listeners } from "./events.ts";

/** What makes two users of a value the same: a text without secrets, and values compared by identity. */
export interface ShareKey {
  readonly label: string;
  /** Secrets, callbacks and objects: compared, never printed and never hashed. */
  readonly refs: readonly unknown[];
}

export interface Closeable {
  close(): void;
}

export interface Share<T> {
  readonly value: T;
  /** The last release closes the value. */
  release(): void;
}

interface Entry {
  readonly refs: readonly unknown[];
  readonly value: Closeable;
  readonly listeners: Set<Listeners>;
  holders: number;
}

/** The one module-wide state of this package: whoever asks for the same credential shares one cache. */
const entries = new Map<string, Entry[]>();

/** The value for this key, created by the first who asks; `key` undefined shares with nobody. */
export function acquireShared<T extends Closeable>(
  key: ShareKey | undefined,
  listener: Listeners,
  create: (listeners: ReadonlySet<Listeners>) => T,
): Share<T> {
  const bucket = key === undefined ? [] : (entries.get(key.label) ?? []);
  const found = bucket.find((entry) => isSame(entry.refs, key?.refs ?? []));
  const listeners = found?.listeners ?? new Set<Listeners>();
  // A copy, because two holders may pass the same object.
  const own = { ...listener };
  listeners.add(own);
  const entry: Entry = found ?? { refs: key?.refs ?? [], value: create(listeners), listeners, holders: 0 };
  entry.holders += 1;
  if (found === undefined && key !== undefined) entries.set(key.label, [...bucket, entry]);
  let isReleased = false;
  return {
    value: entry.value as T,
    release: () => {
      if (isReleased) return;
      isReleased = true;
      listeners.delete(own);
      entry.holders -= 1;
      if (entry.holders > 0) return;
      if (key !== undefined) forget(key.label, entry);
      entry.value.close();
    },
  };
}

function forget(label: string, entry: Entry): void {
  const rest = (entries.get(label) ?? []).filter((other) => other !== entry);
  if (rest.length > 0) entries.set(label, rest);
  else entries.delete(label);
}

const isSame = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((value, index) => Object.is(value, b[index]));
