/** Postgres's text form of arrays and records, nested in any depth. */

/** Elements as text, `null` for NULL, and nested arrays for further dimensions. */
export type ArrayItem = string | null | ArrayItem[];

/** Reads `{1,NULL,"a\"b",{…}}`; bounds in front, as in `[0:1]={…}`, are skipped. */
export function parseArrayLiteral(text: string, delimiter = ","): ArrayItem[] {
  let at = text.startsWith("[") ? text.indexOf("=") + 1 : 0;

  const quoted = (): string => {
    let value = "";
    for (at += 1; text[at] !== '"'; at += 1) {
      if (text[at] === "\\") at += 1;
      value += text[at];
    }
    at += 1;
    return value;
  };
  const bare = (): string | null => {
    const start = at;
    while (at < text.length && text[at] !== delimiter && text[at] !== "}") at += text[at] === "\\" ? 2 : 1;
    const value = text.slice(start, at);
    return value === "NULL" ? null : value.replaceAll(/\\(.)/gs, "$1");
  };
  const list = (): ArrayItem[] => {
    const items: ArrayItem[] = [];
    at += 1;
    while (at < text.length && text[at] !== "}") {
      if (text[at] === "{") items.push(list());
      else items.push(text[at] === '"' ? quoted() : bare());
      if (text[at] === delimiter) at += 1;
    }
    at += 1;
    return items;
  };
  return list();
}

/** Reads `(1,,"a ""b""")`: nothing between two commas is NULL. */
export function parseRecordLiteral(text: string): (string | null)[] {
  const fields: (string | null)[] = [];
  let at = 1;
  while (at < text.length) {
    let value: string | null = null;
    for (; text[at] !== "," && at < text.length - 1; at += 1) {
      value ??= "";
      if (text[at] === "\\") value += text[(at += 1)];
      else if (text[at] !== '"') value += text[at];
      else {
        for (at += 1; text[at] !== '"' || text[at + 1] === '"'; at += 1) {
          if (text[at] === "\\" || text[at] === '"') at += 1;
          value += text[at];
        }
      }
    }
    fields.push(value);
    at += 1;
  }
  return fields;
}

/** Writes an array whose elements are text already. */
export function arrayLiteral(items: readonly ArrayItem[]): string {
  const parts = items.map((item) => {
    if (item === null) return "NULL";
    if (typeof item !== "string") return arrayLiteral(item);
    return `"${item.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
  });
  return `{${parts.join(",")}}`;
}
