/** One line that is rewritten on a terminal; a plain line every few seconds otherwise. */
export interface Progress {
  update(text: string): void;
  /** A line that stays. */
  say(text: string): void;
  end(): void;
}

const PLAIN_INTERVAL_MS = 5_000;

export function createProgress(output: NodeJS.WriteStream): Progress {
  const startedMs = performance.now();
  let lastMs = Number.NEGATIVE_INFINITY;
  const stamp = (): string => `${((performance.now() - startedMs) / 1000).toFixed(1).padStart(5)} s  `;
  const erase = (): void => {
    if (!output.isTTY) return;
    output.cursorTo(0);
    output.clearLine(0);
  };
  return {
    update: (text) => {
      if (output.isTTY) {
        erase();
        // Some terminals do not say how wide they are: 0.
        output.write((stamp() + text).slice(0, (output.columns || 80) - 1));
      } else if (performance.now() - lastMs >= PLAIN_INTERVAL_MS) {
        lastMs = performance.now();
        output.write(`${stamp()}${text}\n`);
      }
    },
    say: (text) => {
      erase();
      output.write(`${stamp()}${text}\n`);
    },
    end: erase,
  };
}
