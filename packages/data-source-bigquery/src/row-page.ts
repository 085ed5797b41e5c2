/** A row's values in column order, as text; a struct's likewise, an array's elements. */
export type RestRow = unknown[];

/**
 * The rows of a reply, kept as the bytes that came and parsed bit by bit. The wrappers of each row (`f`) and value
 * (`v`) are taken out of the bytes first: as objects they would take most of the memory that a stream needs.
 */
export interface RowPage {
  readonly length: number;
  read(start: number, count: number): readonly RestRow[];
}

const [quote, backslash, colon, comma] = [0x22, 0x5c, 0x3a, 0x2c];
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d];
const rowsKey = Buffer.from('"rows"');

/** A reply as JSON, with its top-level `rows` set apart. Uses up `bytes`. */
export function parseWithRows(bytes: Buffer): { readonly rows: RowPage } & Readonly<Record<string, unknown>> {
  const start = findRows(bytes);
  if (start === -1) return { ...(JSON.parse(bytes.toString()) as object), rows: { length: 0, read: () => [] } };
  const { starts, end } = unwrapRows(bytes, start);
  const rest = `${bytes.toString("utf8", 0, start)}[]${bytes.toString("utf8", end)}`;
  const length = starts.length - 1;
  const read = (first: number, count: number): readonly RestRow[] => {
    const from = starts[first];
    const to = starts[Math.min(first + count, length)];
    if (from === undefined || to === undefined || to <= from) return [];
    // The comma before the first row and the one behind the last become brackets.
    bytes[from - 1] = openBracket;
    bytes[to - 1] = closeBracket;
    const rows = JSON.parse(bytes.toString("utf8", from - 1, to)) as RestRow[];
    bytes[from - 1] = comma;
    bytes[to - 1] = comma;
    return rows;
  };
  return { ...(JSON.parse(rest) as object), rows: { length, read } };
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

/**
 * Moves the rows together, without `{"f":`, `{"v":` and `}`: what is left of each is an array. All objects here are such
 * wrappers. `starts` has where each row begins, and last where the next would; before each stands one byte.
 */
function unwrapRows(bytes: Buffer, start: number): { readonly starts: readonly number[]; readonly end: number } {
  const starts: number[] = [];
  let write = start + 1;
  let depth = 0;
  let at = start + 1;
  for (; at < bytes.length; at += 1) {
    const byte = bytes[at] as number;
    if (byte === openBrace) {
      if (depth === 0) starts.push(write);
      depth += 1;
      at = bytes.indexOf(colon, at);
    } else if (byte === closeBrace) depth -= 1;
    else if (byte === closeBracket && depth === 0) break;
    else if (byte === quote) {
      const end = endOfString(bytes, at);
      bytes.copyWithin(write, at, end);
      write += end - at;
      at = end - 1;
    } else if (byte > 0x20) bytes[write++] = byte;
  }
  if (starts.length > 0) bytes[write++] = comma;
  starts.push(write);
  return { starts, end: at + 1 };
}

function endOfString(bytes: Buffer, start: number): number {
  let end = bytes.indexOf(quote, start + 1);
  // A quote after an odd number of backslashes belongs to the string.
  while (end !== -1 && isEscaped(bytes, end)) end = bytes.indexOf(quote, end + 1);
  return end === -1 ? bytes.length : end + 1;
}

function isEscaped(bytes: Buffer, at: number): boolean {
  let first = at;
  while (bytes[first - 1] === backslash) first -= 1;
  return (at - first) % 2 === 1;
}
