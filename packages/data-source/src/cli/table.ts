import { printable } from "./printable.ts";

export interface TableColumn {
  readonly name: string;
  readonly alignment: "left" | "right";
}

/** In columns of the terminal. A wider value is cut, visibly. */
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
  const graphemes = new Intl.Segmenter();
  const cut = (text: string): string => {
    let kept = "";
    let width = 0;
    for (const { segment } of graphemes.segment(text)) {
      width += stringWidth(segment);
      if (width >= widestCell) return `${kept}…`;
      kept += segment;
    }
    return kept;
  };
  const cell = (value: string | undefined): string => {
    if (value === undefined) return "NULL";
    const text = printable(value).replaceAll("|", "\\|");
    return text.length <= widestCell / 2 || stringWidth(text) <= widestCell ? text : cut(text);
  };
  const header = columns.map(({ name }) => cell(name));
  const text = markdownTable([header, ...lines.map((line) => line.map(cell))], {
    align: columns.map(({ alignment }) => alignment),
    stringLength: stringWidth,
  });
  return `${text}\n`;
}
