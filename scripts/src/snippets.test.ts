import { expect, test } from "vitest";
import { extractSnippets } from "./snippets.ts";

test("takes the ts blocks of Markdown, with their lines", () => {
  const text = "# A\n\n```ts\nconst a = 1;\n```\n\n```sh\nls\n```\n\n```ts\nconst b = 2;\n```\n";
  expect(extractSnippets(text)).toEqual([
    { line: 3, code: "const a = 1;\n" },
    { line: 11, code: "const b = 2;\n" },
  ]);
});

test("removes the stars of a docstring", () => {
  const text = "/**\n * What.\n * @example\n * ```ts\n * const a = 1;\n *\n * use(a);\n * ```\n */\nexport {};\n";
  expect(extractSnippets(text)).toEqual([{ line: 4, code: "const a = 1;\n\nuse(a);\n" }]);
});

test("finds nothing where there is nothing", () => {
  expect(extractSnippets("```js\nx\n```\n")).toEqual([]);
});
