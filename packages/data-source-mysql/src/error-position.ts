/** As both servers say it in English: the text from the error on, at most 80 characters; MariaDB ends those with dots. */
const near = /near '(.*)' at line (\d+)$/s;
const longest = 80;

/** Where a syntax error is, from 1: servers only quote what follows. `undefined` where that is not one place. */
export function errorPosition(message: string, sql: string): number | undefined {
  const [, quoted, line] = near.exec(message) ?? [];
  if (quoted === undefined || line === undefined) return undefined;
  const text = sql.trimEnd();
  // Shorter than it could be: all that is left of the text. A final semicolon is not sent on.
  if (Array.from(quoted).length < longest) {
    const rest = [text, text.replace(/\s*;$/, "")].find((whole) => whole.endsWith(quoted.trimEnd()));
    return rest === undefined ? undefined : rest.length - quoted.trimEnd().length + 1;
  }
  const beginning = quoted.replace(/\.\.\.$/, "");
  const places: number[] = [];
  for (let at = sql.indexOf(beginning); at !== -1; at = sql.indexOf(beginning, at + 1)) {
    if (sql.slice(0, at).split("\n").length === Number(line)) places.push(at + 1);
  }
  return places.length === 1 ? places[0] : undefined;
}
