/** What was started, to be stopped in the opposite order. */
export interface Cleanup {
  add(stop: () => void | Promise<void>): void;
  /** Runs everything once, even where a step fails; then throws the first failure. */
  run(): Promise<void>;
}

export function createCleanup(): Cleanup {
  const steps: (() => void | Promise<void>)[] = [];
  let done: Promise<void> | undefined;
  return {
    add(stop) {
      steps.push(stop);
    },
    run() {
      done ??= runAll(steps);
      return done;
    },
  };
}

async function runAll(steps: (() => void | Promise<void>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const step of steps.toReversed()) {
    try {
      await step();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
