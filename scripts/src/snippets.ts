/** A TypeScript example taken out of a Markdown file or a docstring. */
export interface Snippet {
  readonly line: number;
  readonly code: string;
}

const FENCE = /^([ \t]*(?:\*[ \t]?)?)```ts[ \t]*\n([\s\S]*?)^[ \t]*(?:\*[ \t]?)?```[ \t]*$/gm;

/** The ```ts blocks of a text; in a docstring the leading stars are removed. */
export function extractSnippets(text: string): Snippet[] {
  return [...text.matchAll(FENCE)].map((match) => {
    const [, prefix = "", body = ""] = match;
    const isDocstring = prefix.includes("*");
    const code = isDocstring ? body.replaceAll(/^[ \t]*\*[ \t]?/gm, "") : body;
    return { line: text.slice(0, match.index).split("\n").length, code };
  });
}
