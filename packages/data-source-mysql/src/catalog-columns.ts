import type { CatalogColumn, LogicalType } from "@org/data-source-core";
import type { CatalogRow } from "./catalog-queries.ts";
import type { Flavour } from "./settings.ts";

const types: Readonly<Record<string, LogicalType>> = {
  tinyint: "integer",
  smallint: "integer",
  mediumint: "integer",
  int: "integer",
  bigint: "integer",
  year: "integer",
  decimal: "decimal",
  float: "float",
  double: "float",
  bit: "bits",
  date: "date",
  time: "time",
  datetime: "timestamp",
  timestamp: "timestamptz",
  char: "string",
  varchar: "string",
  tinytext: "string",
  text: "string",
  mediumtext: "string",
  longtext: "string",
  enum: "string",
  set: "string",
  binary: "bytes",
  varbinary: "bytes",
  tinyblob: "bytes",
  blob: "bytes",
  mediumblob: "bytes",
  longblob: "bytes",
  json: "json",
  uuid: "uuid",
  geometry: "geometry",
  point: "geometry",
  linestring: "geometry",
  polygon: "geometry",
  multipoint: "geometry",
  multilinestring: "geometry",
  multipolygon: "geometry",
  geometrycollection: "geometry",
  geomcollection: "geometry",
  vector: "array",
};

/** `nativeType` is what the column was declared as, such as `decimal(10,2) unsigned` or `enum('a','b')`. */
export function columnOf(
  flavour: Flavour,
  row: CatalogRow,
  position: number,
  checks: readonly CatalogRow[],
): CatalogColumn {
  const name = String(row["name"]);
  const dataType = String(row["data_type"]).toLowerCase();
  const extra = String(row["extra"]).toLowerCase();
  const isJson = flavour === "mariadb" && dataType === "longtext" && checks.some((check) => isJsonCheck(check, name));
  const number = (field: string): number | undefined => (row[field] === null ? undefined : Number(row[field]));
  return {
    name,
    position,
    type: isJson ? "json" : (types[dataType] ?? "other"),
    nativeType: isJson ? "json" : String(row["column_type"]),
    precision: number("numeric_precision") ?? number("datetime_precision"),
    scale: number("numeric_scale"),
    nullable: row["is_nullable"] === "YES",
    length: isJson ? undefined : number("length"),
    default: defaultOf(flavour, row, dataType, extra),
    comment: row["comment"] === "" ? null : String(row["comment"]),
    identity: extra.includes("auto_increment") ? "by-default" : null,
    generated: row["expression"] === null || row["expression"] === "" ? null : String(row["expression"]),
    collation: row["collation"] === null ? undefined : String(row["collation"]),
  };
}

/** MariaDB's JSON is a longtext with this check. */
function isJsonCheck(check: CatalogRow, column: string): boolean {
  return String(check["expression"]).toLowerCase() === `json_valid(\`${column.toLowerCase()}\`)`;
}

/** MariaDB says it as SQL; MySQL leaves the quotes of a literal out, and marks an expression. */
function defaultOf(flavour: Flavour, row: CatalogRow, dataType: string, extra: string): string | null {
  const value = row["default_value"];
  if (value === null || value === undefined) return null;
  const text = String(value);
  if (flavour === "mariadb") return text === "NULL" ? null : text;
  if (extra.includes("default_generated")) return unescaped(text);
  const type = types[dataType] ?? "other";
  // Bytes are said as 0x41, and cut at the first that is 0.
  const isSql = ["integer", "decimal", "float", "bits", "bytes"].includes(type) || /^current_timestamp/i.test(text);
  return isSql ? text : `'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}

const controls: Readonly<Record<string, string>> = { n: "\n", r: "\r", 0: "\0", Z: "\u001A" };

/** An expression as MySQL's information_schema has it: its quotes and backslashes escaped once more. */
export function unescaped(text: string): string {
  return text.replaceAll(/\\(.)/gs, (_match, character: string) => controls[character] ?? character);
}
