/** Tells on standard error that work goes on; nothing in the first second. */
export interface Progress extends Disposable {
  rows: number;
  /** Takes the line off the terminal and shows no more. */
  end(): void;
}

const firstMs = 1_000;
const plainIntervalMs = 10_000;

/** On a terminal one line that is rewritten, elsewhere a line after a second and then every ten. */
export function createProgress(output: NodeJS.WriteStream, what: string): Progress {
  const startedMs = performance.now();
  let isShown = false;
  let timer: NodeJS.Timeout;
  const clear = (): void => {
    if (isShown && output.isTTY) output.write("\r\u001B[K");
    isShown = false;
  };
  const show = (): void => {
    const seconds = Math.floor((performance.now() - startedMs) / 1_000);
    const rows = progress.rows === 0 ? "" : `, ${progress.rows.toLocaleString("en-US")} rows`;
    const line = `${what}: ${seconds} s${rows}`;
    clear();
    output.write(output.isTTY ? line : `${line}\n`);
    isShown = true;
    timer = setTimeout(show, output.isTTY ? firstMs : plainIntervalMs);
  };
  const end = (): void => {
    clearTimeout(timer);
    clear();
  };
  const progress: Progress = { rows: 0, end, [Symbol.dispose]: end };
  timer = setTimeout(show, firstMs);
  return progress;
}
