// @sinonjs/fake-timers looks through all timers for each one that fires: hours for this fleet. A heap takes seconds.
interface Entry {
  readonly at: number;
  readonly id: number;
  readonly callback: () => void;
}

export interface VirtualClock {
  runUntil(time: number): Promise<void>;
  uninstall(): void;
}

/** Replaces Date.now, performance.now and timeouts of the whole process; time starts at 0. */
export function createVirtualClock(): VirtualClock {
  const original = { setTimeout, clearTimeout, dateNow: Date.now, performanceNow: performance.now };
  const heap: Entry[] = [];
  const cancelled = new Set<number>();
  let nowMs = 0;
  let nextId = 1;
  Object.assign(globalThis, {
    setTimeout: (callback: () => void, delay = 1) => {
      const id = nextId++;
      push(heap, { at: nowMs + Math.max(1, Math.trunc(delay)), id, callback });
      return id;
    },
    clearTimeout: (id: number | undefined) => id !== undefined && cancelled.add(id),
  });
  Date.now = () => nowMs;
  performance.now = () => nowMs;
  return {
    runUntil: async (time) => {
      for (let entry = heap[0]; entry !== undefined && entry.at <= time; entry = heap[0]) {
        nowMs = entry.at;
        // All that is due at this moment, then the promises that follow from it.
        for (let due = heap[0]; due !== undefined && due.at <= nowMs; due = heap[0]) {
          pop(heap);
          if (!cancelled.delete(due.id)) due.callback();
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
      nowMs = time;
    },
    uninstall: () => {
      Object.assign(globalThis, { setTimeout: original.setTimeout, clearTimeout: original.clearTimeout });
      Date.now = original.dateNow;
      performance.now = original.performanceNow;
    },
  };
}

const isBefore = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.id < b.id);

function push(heap: Entry[], entry: Entry): void {
  let index = heap.push(entry) - 1;
  for (let parent = (index - 1) >> 1; index > 0; index = parent, parent = (index - 1) >> 1) {
    const above = heap[parent];
    if (above === undefined || isBefore(above, entry)) break;
    heap[index] = above;
    heap[parent] = entry;
  }
}

function pop(heap: Entry[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let index = 0;
  for (;;) {
    const left = 2 * index + 1;
    const [a, b] = [heap[left], heap[left + 1]];
    if (a === undefined) break;
    const child = b !== undefined && isBefore(b, a) ? left + 1 : left;
    const below = heap[child];
    if (below === undefined || isBefore(last, below)) break;
    heap[index] = below;
    index = child;
  }
  heap[index] = last;
}
