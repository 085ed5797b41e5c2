import { SnowflakeFailure } from "./wire.ts";

const kinds: readonly [RegExp, string, string][] = [
  [/^INTERRUPT Error/, "000604", "57014"],
  [/Table with name .* already exists|already exists!/, "002002", "42710"],
  [
    /^Catalog Error: (Table|View|Schema|Scalar Function|Table Function) .* does not exist|does not exist!/,
    "002003",
    "02000",
  ],
  [/Referenced column .* not found|column .* not found|does not have a column/i, "000904", "42000"],
  [/^Constraint Error: NOT NULL/, "100072", "22000"],
  [/^Conversion Error/, "100038", "22018"],
  [/^Out of Range Error|Division by zero/i, "100046", "22003"],
  [/^Parser Error/, "001003", "42000"],
  [/^Binder Error|^Invalid Input Error: Values were not provided/, "001007", "22023"],
];

const messages: Readonly<Record<string, (first: string) => string>> = {
  "000604": () => "SQL execution canceled",
  "001003": (first) => `SQL compilation error:\nsyntax error ${first}`,
  "002003": (first) => `SQL compilation error:\nObject does not exist or not authorized. (${first})`,
  "002002": (first) => `SQL compilation error:\nObject already exists. (${first})`,
  "000904": (first) => `SQL compilation error: error\ninvalid identifier (${first})`,
  "100072": (first) => `NULL result in a non-nullable column (${first})`,
  "100038": (first) => `Numeric value is not recognized (${first})`,
};

/** DuckDB's error in Snowflake's codes; `offsets` leads from its place in the rewritten text to the original's. */
export function toFailure(
  error: unknown,
  original: string,
  place: (text: string) => number | undefined,
): SnowflakeFailure {
  if (error instanceof SnowflakeFailure) return error;
  const text = error instanceof Error ? error.message : String(error);
  const first = text.replace(/^Failed to extract statements: /, "").split("\n")[0] ?? text;
  const [, code, sqlState] = kinds.find(([pattern]) => pattern.test(first)) ?? [undefined, "100183", "P0000"];
  const at = code === "001003" ? lineAndPosition(original, place(text)) : undefined;
  return new SnowflakeFailure(code, (messages[code] ?? ((what) => what))(first), sqlState, at);
}

/** As Snowflake counts: lines from 1, positions from 0. */
function lineAndPosition(sql: string, offset: number | undefined): { line: number; pos: number } | undefined {
  if (offset === undefined) return undefined;
  const before = sql.slice(0, offset).split("\n");
  return { line: before.length, pos: before.at(-1)?.length ?? 0 };
}
