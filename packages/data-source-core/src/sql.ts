import { ValidationError } from "./errors.ts";
import type { ParamType, ParamValue, Params, SqlRequest, TypedParam } from "./request.ts";

const fragmentBrand: unique symbol = Symbol.for("data-source.sql-fragment") as never;
const typedBrand: unique symbol = Symbol.for("data-source.typed-param") as never;

type Piece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "identifier"; readonly names: readonly string[] }
  | { readonly kind: "value"; readonly value: ParamValue };

/** SQL with its values apart, not yet in any engine's syntax. Made by `sql`, and a Request by itself. */
export interface SqlFragment {
  readonly pieces: readonly Piece[];
  readonly [fragmentBrand]: true;
}

/** How an engine writes placeholders and identifiers. */
export interface SqlDialect {
  /** `position` counts from 1. */
  readonly placeholder: (position: number, value: ParamValue) => string;
  readonly quoteIdentifier: (name: string) => string;
}

interface SqlTag {
  (strings: TemplateStringsArray, ...values: readonly (ParamValue | SqlFragment)[]): SqlFragment;
  /** A name, or a qualified one in parts, quoted by the engine's rules. */
  readonly identifier: (...names: readonly [string, ...string[]]) => SqlFragment;
  /** A value with its type: for null and empty arrays, or where the server would infer another. */
  readonly typed: (value: ParamValue, type: ParamType) => TypedParam;
  /** Fragments or values with `, ` between them, or another fragment. An empty list is a ValidationError. */
  readonly join: (items: readonly (ParamValue | SqlFragment)[], separator?: SqlFragment) => SqlFragment;
}

/**
 * SQL in which every `${value}` is bound by the server, and every nested fragment is spliced.
 *
 * @example
 * ```ts
 * import { type DataSource, sql } from "@org/data-source-core";
 *
 * declare const source: DataSource;
 * const ids = [1, 2, 3];
 * await source.query(sql`select * from ${sql.identifier("sales", "orders")} where id in (${sql.join(ids)})`);
 * ```
 */
export const sql: SqlTag = Object.assign(
  (strings: TemplateStringsArray, ...values: readonly (ParamValue | SqlFragment)[]): SqlFragment => {
    const pieces: Piece[] = [];
    for (const [index, text] of strings.entries()) {
      if (text !== "") pieces.push({ kind: "text", text });
      if (index < values.length) pieces.push(...piecesOf(values[index], index));
    }
    return fragment(pieces);
  },
  {
    identifier: (...names: readonly [string, ...string[]]): SqlFragment => {
      for (const name of names) {
        if (typeof name === "string" && name !== "" && !name.includes("\0")) continue;
        throw new ValidationError("sql.identifier takes non-empty names without NUL characters", "identifier");
      }
      return fragment([{ kind: "identifier", names }]);
    },
    typed: (value: ParamValue, type: ParamType): TypedParam => {
      if (typeof type !== "string" || type === "") {
        throw new ValidationError('sql.typed takes a type name as its second argument, such as "integer"', "type");
      }
      return Object.defineProperty({ value, type }, typedBrand, { value: true });
    },
    join: (items: readonly (ParamValue | SqlFragment)[], separator?: SqlFragment): SqlFragment => {
      if (items.length === 0) {
        throw new ValidationError("sql.join got an empty list, which no SQL can express: handle it before", "items");
      }
      const between: readonly Piece[] = separator?.pieces ?? [{ kind: "text", text: ", " }];
      return fragment(items.flatMap((item, index) => [...(index === 0 ? [] : between), ...piecesOf(item, index)]));
    },
  },
);

export function isSqlFragment(value: unknown): value is SqlFragment {
  return typeof value === "object" && value !== null && fragmentBrand in value;
}

export function isTypedParam(value: unknown): value is TypedParam {
  return typeof value === "object" && value !== null && typedBrand in value;
}

/** A fragment in an engine's syntax. */
export function compileSql(fragment: SqlFragment, dialect: SqlDialect): SqlRequest & { readonly params: Params } {
  const params: ParamValue[] = [];
  let text = "";
  for (const piece of fragment.pieces) {
    if (piece.kind === "text") text += piece.text;
    else if (piece.kind === "identifier") text += piece.names.map(dialect.quoteIdentifier).join(".");
    else text += dialect.placeholder(params.push(piece.value), piece.value);
  }
  return { text, params };
}

function fragment(pieces: readonly Piece[]): SqlFragment {
  return Object.defineProperty({ pieces }, fragmentBrand, { value: true }) as SqlFragment;
}

function piecesOf(value: ParamValue | SqlFragment | undefined, index: number): readonly Piece[] {
  if (isSqlFragment(value)) return value.pieces;
  if (value === undefined) {
    throw new ValidationError(`sql: value ${index + 1} is undefined; use null for SQL NULL`, `values[${index}]`);
  }
  return [{ kind: "value", value }];
}
