/** SQL text with a leading comment, and how many characters the comment added. */
export interface TaggedText {
  readonly text: string;
  readonly offset: number;
}

/**
 * `queryTags` as a leading SQL comment, `/*key='value'*\/ `. Everything but letters, digits and `-_.~` is
 * percent-encoded, so that no tag can end the comment, be a placeholder or a hint. Without tags the text is untouched.
 */
export function tagText(text: string, tags: Readonly<Record<string, string>> | undefined): TaggedText {
  if (tags === undefined) return { text, offset: 0 };
  const pairs = Object.entries(tags);
  if (pairs.length === 0) return { text, offset: 0 };
  const comment = `/*${pairs.map(([key, value]) => `${encode(key)}='${encode(value)}'`).join(",")}*/ `;
  return { text: comment + text, offset: comment.length };
}

/** An error's position in the text that was sent, as a position in the caller's text. */
export function untaggedPosition(position: number | undefined, { offset }: TaggedText): number | undefined {
  return position === undefined || position <= offset ? undefined : position - offset;
}

/** From a line and column (both from 1) to a position from 1; `undefined` if the text has no such place. */
export function positionOf(text: string, line: number, column: number): number | undefined {
  let start = 0;
  for (let current = 1; current < line; current += 1) {
    start = text.indexOf("\n", start) + 1;
    if (start === 0) return undefined;
  }
  const position = start + column;
  return position > 0 && position <= text.length + 1 ? position : undefined;
}

function encode(part: string): string {
  const encoded = encodeURIComponent(part.toWellFormed());
  return encoded.replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
