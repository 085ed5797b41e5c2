import { markdownTable } from "markdown-table";

/** One table of figures. */
export interface Section {
  readonly title: string;
  /** What was measured, and against what. */
  readonly method: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

export const render = ({ title, method, head, rows }: Section): string =>
  `### ${title}\n\n${method}\n\n${markdownTable([[...head], ...rows.map((row) => row.map(String))])}\n`;

/** "1.23×", for a ratio. */
export const times = (ratio: number): string => `${ratio.toPrecision(3)}×`;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  if (low === undefined || high === undefined) throw new RangeError("the median of nothing");
  return (low + high) / 2;
}
