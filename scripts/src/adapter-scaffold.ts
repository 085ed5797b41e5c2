/** Texts of files by path. */
export type Files = ReadonlyMap<string, string>;

const PLACEHOLDER = /acme/gi;

/** The template's files for an engine: `acme` and `Acme` become its name, in texts and paths. */
export function scaffoldAdapter(name: string, template: Files): Map<string, string> {
  if (!/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(name))
    throw new Error(
      `"${name}" cannot be the name of an adapter: use small letters, digits and single hyphens, as in "clickhouse"`,
    );
  const pascal = name.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
  const rename = (text: string): string => text.replaceAll(PLACEHOLDER, (found) => (found === "Acme" ? pascal : name));
  return new Map([...template].map(([path, text]) => [rename(path), rename(text)]));
}

/** The dependency directions with those of one more adapter, before the umbrella's in both tables. */
export function addArrows(text: string, name: string): string {
  const lines = [
    `  "@org/data-source-${name}": ["@org/data-source-core"],\n`,
    `  "@org/data-source-${name}": ["@org/data-source-conformance"],\n`,
  ];
  const parts = text.split(/^(?= {2}"@org\/data-source": \[)/m);
  if (parts.length !== 3) throw new Error('arrows.ts: expected one line for "@org/data-source" in each of two tables');
  return parts.map((part, index) => part + (lines[index] ?? "")).join("");
}

/** The workflow with the tests of one more engine, after those that it has. */
export function addEngine(text: string, name: string): string {
  const engines = [...text.matchAll(/^( +- )data-source-[\w-]+\n/gm)];
  const last = engines.at(-1);
  if (last === undefined) throw new Error("ci.yml: found no engine in the matrix to add this one after");
  const end = last.index + last[0].length;
  return `${text.slice(0, end)}${last[1]}data-source-${name}\n${text.slice(end)}`;
}
