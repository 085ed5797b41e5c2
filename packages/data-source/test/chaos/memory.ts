/** How much memory the process holds, sampled after a garbage collection. */
export interface MemoryWatch {
  stop(): MemoryReport;
}

export interface MemoryReport {
  readonly samples: number;
  /** Of the first sample and of the last, in MiB. */
  readonly rssStartMiB: number;
  readonly rssEndMiB: number;
  /** Highest of the second and of the last quarter, in MiB. The first quarter loads code and fills pools. */
  readonly rssMiB: readonly [number, number];
  readonly heapMiB: readonly [number, number];
}

const mebibyte = 2 ** 20;

export function watchMemory(intervalMs: number): MemoryWatch {
  if (globalThis.gc === undefined) throw new Error("start node with --expose-gc");
  const collect = globalThis.gc;
  const rss: number[] = [];
  const heap: number[] = [];
  const timer = setInterval(() => {
    collect();
    const usage = process.memoryUsage();
    rss.push(usage.rss / mebibyte);
    heap.push(usage.heapUsed / mebibyte);
  }, intervalMs);
  return {
    stop: () => {
      clearInterval(timer);
      const [rssStartMiB = Number.NaN] = rss;
      const rssEndMiB = rss.at(-1) ?? Number.NaN;
      return { samples: rss.length, rssStartMiB, rssEndMiB, rssMiB: quarters(rss), heapMiB: quarters(heap) };
    },
  };
}

function quarters(values: readonly number[]): readonly [number, number] {
  const quarter = Math.ceil(values.length / 4);
  return [Math.max(...values.slice(quarter, 2 * quarter)), Math.max(...values.slice(-quarter))];
}

/** Allowed on top of an earlier quarter: what a collection leaves over at its leisure. */
const leisureMiB = 24;

export function memoryViolations({ rssMiB, heapMiB }: MemoryReport): string[] {
  return Object.entries({ rss: rssMiB, heap: heapMiB })
    .filter(([, [early, late]]) => late > early * 1.1 + leisureMiB)
    .map(([name, [early, late]]) => `${name} grew from ${early.toFixed(0)} to ${late.toFixed(0)} MiB`);
}
