import type { Classification, Statement } from "@org/data-source-core/adapter";

/**
 * What a statement may leave on its connection although `checkStatement` let it pass. `settings`: what a reset undoes.
 * `unknown`: more than that, such as another default database.
 */
export type Traces = "none" | "settings" | "unknown";

const words = (list: string): ReadonlySet<string> => new Set(list.split(" "));

/** They leave something only by the functions that they call. All else may be a compound statement, or hold a lock. */
const plainVerbs = words(
  "SELECT INSERT UPDATE DELETE REPLACE VALUES TABLE WITH SHOW DESCRIBE DESC EXPLAIN ANALYZE HELP DO",
);
/** The servers' own functions, and what else stands before a parenthesis. One that is missing costs a reset. */
const ownFunctions = words(
  `ABS ACOS ADDDATE ADDTIME AES_DECRYPT AES_ENCRYPT ALL AND ANY ANY_VALUE AS ASCII ASIN ATAN ATAN2 AVG BENCHMARK
  BETWEEN BIGINT BIN BINARY BIT BIT_AND BIT_COUNT BIT_LENGTH BIT_OR BIT_XOR BY CASE CAST CEIL CEILING CHAR
  CHARACTER_LENGTH CHARSET CHAR_LENGTH CHR COALESCE COERCIBILITY COLLATION COMPRESS CONCAT CONCAT_WS CONNECTION_ID CONV
  CONVERT CONVERT_TZ COS COT COUNT CRC32 CUME_DIST CURDATE CURRENT_DATE CURRENT_ROLE CURRENT_TIME CURRENT_TIMESTAMP
  CURRENT_USER CURTIME DATABASE DATE DATEDIFF DATETIME DATE_ADD DATE_FORMAT DATE_SUB DAY DAYNAME DAYOFMONTH DAYOFWEEK
  DAYOFYEAR DECIMAL DEFAULT DEGREES DENSE_RANK DISTINCT DIV DOUBLE ELSE ELT EXCEPT EXISTS EXP EXPORT_SET EXTRACT
  EXTRACTVALUE FIELD FIND_IN_SET FIRST_VALUE FLOAT FLOOR FORMAT FOUND_ROWS FROM FROM_BASE64 FROM_DAYS FROM_UNIXTIME
  GREATEST GROUPING GROUP_CONCAT HAVING HEX HOUR IF IFNULL IN INDEX INET6_ATON INET6_NTOA INET_ATON INET_NTOA INSERT
  INSTR INT INTERSECT INTERVAL ISNULL IS_FREE_LOCK IS_USED_LOCK IS_UUID JOIN JSON_ARRAY JSON_ARRAYAGG JSON_CONTAINS
  JSON_CONTAINS_PATH JSON_EXISTS JSON_EXTRACT JSON_KEYS JSON_LENGTH JSON_MERGE_PATCH JSON_OBJECT JSON_OBJECTAGG
  JSON_OVERLAPS JSON_PRETTY JSON_QUERY JSON_QUOTE JSON_SEARCH JSON_SET JSON_TABLE JSON_TYPE JSON_UNQUOTE JSON_VALID
  JSON_VALUE KEY LAG LAST_DAY LAST_INSERT_ID LAST_VALUE LCASE LEAD LEAST LEFT LENGTH LIKE LN LOCALTIME LOCALTIMESTAMP
  LOCATE LOG LOG10 LOG2 LOWER LPAD LTRIM MAKEDATE MAKETIME MATCH MAX MD5 MEDIAN MICROSECOND MID MIN MINUTE MOD MONTH
  MONTHNAME NOT NOW NTH_VALUE NTILE NULLIF NVL OCTET_LENGTH ON OR ORD OVER PARTITION PERCENT_RANK PERIOD_ADD PERIOD_DIFF
  PI POSITION POW POWER QUARTER QUOTE RADIANS RAND RANDOM_BYTES RANK REGEXP REGEXP_INSTR REGEXP_LIKE REGEXP_REPLACE
  REGEXP_SUBSTR REPEAT REPLACE REVERSE RIGHT ROUND ROW ROW_COUNT ROW_NUMBER RPAD RTRIM SCHEMA SECOND SEC_TO_TIME SELECT
  SET SHA1 SHA2 SIGN SIGNED SIN SLEEP SOME SOUNDEX SPACE SQRT STD STDDEV STDDEV_POP STDDEV_SAMP STRCMP STR_TO_DATE
  ST_ASBINARY ST_ASGEOJSON ST_ASTEXT ST_ASWKB ST_DISTANCE ST_GEOMFROMTEXT ST_SRID ST_X ST_Y SUBDATE SUBSTR SUBSTRING
  SUBSTRING_INDEX SUBTIME SUM TAN THEN TIME TIMEDIFF TIMESTAMP TIMESTAMPADD TIMESTAMPDIFF TIME_FORMAT TIME_TO_SEC
  TO_BASE64 TO_DAYS TO_SECONDS TRIM TRUNCATE UCASE UNCOMPRESS UNHEX UNION UNIX_TIMESTAMP UNSIGNED UPDATEXML UPPER USER
  USING UTC_DATE UTC_TIME UTC_TIMESTAMP UUID UUID_SHORT VALUE VALUES VARCHAR VARIANCE VAR_POP VAR_SAMP VERSION WEEK
  WEEKDAY WEEKOFYEAR WHEN WHERE WITHIN XOR YEAR YEARWEEK`.replaceAll(/\s+/g, " "),
);

/** A function of the database may set variables and settings, which outlive the statement: read-only is one of them. */
export function tracesOf({ statements: [statement], executableComment, irregular }: Classification): Traces {
  // The server may see another statement, such as USE.
  if (!statement || executableComment || irregular !== undefined) return "unknown";
  const { first, words } = statement;
  // The connection would be left without a default database.
  if (first === "DROP" && (words.has("DATABASE") || words.has("SCHEMA"))) return "unknown";
  return plainVerbs.has(first) && !callsOthers(statement) ? "none" : "settings";
}

function callsOthers({ tokens }: Statement): boolean {
  return tokens.some(({ kind, text }, index) => {
    const before = tokens[index - 1];
    if (kind !== "symbol" || text !== "(" || (before?.kind !== "word" && before?.kind !== "quoted")) return false;
    // With a schema before it, it is nobody's own.
    const isQualified = tokens[index - 2]?.text === "." && tokens[index - 2]?.kind === "symbol";
    return isQualified || !ownFunctions.has(before.text.toUpperCase());
  });
}
