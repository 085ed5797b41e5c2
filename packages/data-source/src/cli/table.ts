import { printable } from "./printable.ts";

export interface TableColumn {
  readonly name: string;
  readonly alignment: "left" | "right";
}

/** A longer value is cut, visibly. */
const widestCell = 80;

/** A table for people, as Markdown; `undefined` is NULL. */
export async function renderTable(
  columns: readonly TableColumn[],
  lines: readonly (readonly (string | undefined)[])[],
): Promise<string> {
  const [{ markdownTable }, { default: stringWidth }] = await Promise.all([
    import("markdown-table"),
    import("string-width"),
  ]);
  const cell = (value: string | undefined): string => {
    if (value === undefined) return "NULL";
    const text = printable(value).replaceAll("|", "\\|");
    return text.length > widestCell ? `${text.slice(0, widestCell - 1).toWellFormed()}…` : text;
  };
  const header = columns.map(({ name }) => cell(name));
  const text = markdownTable([header, ...lines.map((line) => line.map(cell))], {
    align: columns.map(({ alignment }) => alignment),
    stringLength: stringWidth,
  });
  return `${text}\n`;
}
