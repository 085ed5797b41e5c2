import {
  type Classification,
  type Classifier,
  createClassifier,
  lexicalRules,
  type Statement,
} from "@org/data-source-core/adapter";

/**
 * Every way in which the server may read a text. It comes from Postgres 8.0, where a backslash escapes in any string,
 * and does not say whether comments nest and dollars quote: a text must be harmless in all of these readings.
 */
const readings: readonly Classifier[] = [false, true].flatMap((backslashEscapes) =>
  [false, true].flatMap((nestedComments) =>
    (["none", "tagged"] as const).map((dollarQuotes) =>
      createClassifier({ ...lexicalRules.postgres, backslashEscapes, nestedComments, dollarQuotes }),
    ),
  ),
);

/** The readings of a text; there is but one where no character has several meanings. */
export function redshiftReadings(text: string): Classification[] {
  const needed = /\\|\$|\/\*/.test(text) ? readings : readings.slice(0, 1);
  return needed.map((classify) => classify(text));
}

const writes = new Set(
  "INSERT UPDATE DELETE MERGE TRUNCATE UNLOAD COPY CALL CREATE ALTER DROP GRANT REVOKE VACUUM ANALYZE REFRESH".split(
    " ",
  ),
);
/** Administration in the guise of a function; set_config is refused on Postgres too. */
const acting = /^CHANGE_(?:QUERY|SESSION|USER)_PRIORITY$/;

/** Why a statement is no read, beyond what is refused on Postgres, where the server has the last word. */
export function redshiftObjection({ first, verb, words, tokens, calls, members }: Statement): string | undefined {
  if (first === "EXPLAIN" && (words.has("ANALYZE") || words.has("ANALYSE"))) {
    return "EXPLAIN ANALYZE would run the statement";
  }
  if (first === "WITH" && verb !== "SELECT") return `WITH … ${verb} is not a read`;
  for (const [index, { kind, text }] of tokens.entries()) {
    const isFirst = kind === "word" && tokens[index - 1]?.text === "(" && tokens[index - 1]?.kind === "symbol";
    if (isFirst && writes.has(text)) return `${text} inside of the statement is not a read`;
  }
  for (const name of [...calls, ...members])
    if (acting.test(name)) return `${name.toLowerCase()}() changes how the cluster works`;
  return undefined;
}

const explainable = new Set("SELECT WITH INSERT UPDATE DELETE CREATE".split(" "));

/** Whether `EXPLAIN` before the text explains it: before `ANALYZE DELETE …` it might run it. */
export function isExplainable(text: string): boolean {
  return redshiftReadings(text).every(({ statements: [statement] }) => explainable.has(statement?.first ?? ""));
}
