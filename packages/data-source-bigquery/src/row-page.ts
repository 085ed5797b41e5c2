/** A row's values in column order, as text; a struct's likewise, an array's elements. */
export type RestRow = unknown[];

/**
 * The rows of a reply, kept as the bytes that came and read bit by bit. Not by JSON.parse: it makes objects of the
 * wrappers of each row (`f`) and value (`v`), and keeps every string of up to ten characters in V8's string table and
 * old space until the next full collection. The two would take most of the memory of a stream.
 */
export interface RowPage {
  readonly length: number;
  /** Of the whole reply. */
  readonly byteLength: number;
  read(start: number, count: number): readonly RestRow[];
}

const [quote, backslash, colon, comma] = [0x22, 0x5c, 0x3a, 0x2c];
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d];
const rowsKey = Buffer.from('"rows"');

/** A reply as JSON, with its top-level `rows` set apart. */
export function parseWithRows(bytes: Buffer): { readonly rows: RowPage } & Readonly<Record<string, unknown>> {
  const start = findRows(bytes);
  const byteLength = bytes.length;
  if (start === -1) {
    return { ...(JSON.parse(bytes.toString()) as object), rows: { length: 0, byteLength, read: () => [] } };
  }
  const { starts, end } = findEachRow(bytes, start);
  const rest = `${bytes.toString("utf8", 0, start)}[]${bytes.toString("utf8", end)}`;
  const length = starts.length - 1;
  const read = (first: number, count: number): readonly RestRow[] => {
    const wanted = starts.slice(first, Math.min(first + count, length));
    const from = wanted[0] ?? 0;
    const readRow = createReader(bytes, from, starts[first + wanted.length] ?? from);
    return wanted.map((at) => readRow(at));
  };
  return { ...(JSON.parse(rest) as object), rows: { length, byteLength, read } };
}

/** Where the array of the top-level key `rows` begins; -1: there is none. */
function findRows(bytes: Buffer): number {
  let depth = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === openBrace || byte === openBracket) depth += 1;
    else if (byte === closeBrace || byte === closeBracket) depth -= 1;
    else if (byte === quote) {
      const end = endOfString(bytes, at);
      if (depth === 1 && rowsKey.compare(bytes, at, end) === 0) {
        const open = bytes.indexOf(openBracket, end);
        // A value may read "rows" as well; only a key has a colon, and then its array, behind it.
        if (open !== -1 && /^\s*:\s*$/.test(bytes.toString("latin1", end, open))) return open;
      }
      at = end - 1;
    }
  }
  return -1;
}

/** Where each row of the array begins, and last where the array ends. All objects here are wrappers. */
function findEachRow(bytes: Buffer, start: number): { readonly starts: readonly number[]; readonly end: number } {
  const starts: number[] = [];
  let depth = 0;
  let at = start + 1;
  for (; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === quote) at = endOfString(bytes, at) - 1;
    else if (byte === openBrace) {
      if (depth === 0) starts.push(at);
      depth += 1;
    } else if (byte === closeBrace) depth -= 1;
    else if (byte === closeBracket && depth === 0) break;
  }
  starts.push(at);
  return { starts, end: at + 1 };
}

/** Longer parts of a string would hold the whole of it (V8: SlicedString). */
const longestCopy = 12;

/** Reads the row that begins at a place from `from` to `to`. */
function createReader(bytes: Buffer, from: number, to: number): (at: number) => RestRow {
  // One character a byte, so that places are the same; taking a few out of it costs less than decoding each.
  const text = bytes.toString("latin1", from, to);
  let at = from;

  const value = (size = 0): unknown => {
    for (; at < to; at += 1) {
      const byte = bytes[at] as number;
      if (byte === quote) return string();
      if (byte === openBracket) return array(size);
      if (byte === openBrace) {
        at = bytes.indexOf(colon, at) + 1;
        const inner = value(size);
        while (bytes[at] !== closeBrace && at < to) at += 1;
        at += 1;
        return inner;
      }
      if (byte > 0x20) return literal();
    }
    throw new SyntaxError("A row is cut off");
  };

  const array = (size: number): unknown[] => {
    // A list that grows takes room for 17 values at its first.
    // oxlint-disable-next-line unicorn/no-new-array -- nothing else makes one of just this room.
    const values = new Array<unknown>(size);
    let count = 0;
    for (at += 1; at < to;) {
      const byte = bytes[at] as number;
      if (byte === closeBracket) {
        at += 1;
        values.length = count;
        return values;
      }
      if (byte === comma || byte <= 0x20) at += 1;
      else values[count++] = value();
    }
    throw new SyntaxError("A row is cut off");
  };

  const string = (): string => {
    const start = at + 1;
    let end = start;
    let byte = bytes[end] as number;
    while (byte !== quote && byte !== backslash && byte < 0x80) byte = bytes[(end += 1)] as number;
    if (byte === quote) {
      at = end + 1;
      return end - start > longestCopy ? bytes.toString("latin1", start, end) : text.slice(start - from, end - from);
    }
    at = endOfString(bytes, start - 1);
    return JSON.parse(bytes.toString("utf8", start - 1, at)) as string;
  };

  const literal = (): unknown => {
    const [word = ""] = /^[^\s,\]}]*/.exec(text.slice(at - from)) ?? [];
    at += word.length;
    return JSON.parse(word);
  };

  let width = 0;
  return (start) => {
    at = start;
    const row = value(width) as RestRow;
    width = row.length;
    return row;
  };
}

function endOfString(bytes: Buffer, start: number): number {
  for (let at = start + 1; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === quote) return at + 1;
    if (byte === backslash) at += 1;
  }
  return bytes.length;
}
