import { validationChecks as check } from "./checks.ts";
import type { Access } from "./data-source.ts";
import { DataSourceError, ValidationError } from "./errors.ts";
import type { QueryOptions, SessionOptions, StatementOptions, StreamOptions, TransactionOptions } from "./request.ts";
import type { ResolvedDefaults } from "./source-options.ts";
import type { StandardSchema } from "./standard-schema.ts";

/** Where a call is made: on the data source, or inside a session or transaction that has fixed `readOnly`. */
export interface CallScope {
  readonly kind: string;
  readonly access: Access;
  readonly defaults: ResolvedDefaults;
  /** Present inside a session or transaction. */
  readonly fixed?: { readonly readOnly: boolean } | undefined;
}

export interface ResolvedStatementOptions {
  readonly readOnly: boolean;
  readonly statementTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly queryTags: Readonly<Record<string, string>> | undefined;
}

export interface ResolvedQueryOptions<R = unknown> extends ResolvedStatementOptions {
  readonly maxRows: number;
  readonly maxBytes: number;
  readonly rowSchema: StandardSchema<R> | undefined;
}

export interface ResolvedStreamOptions<R = unknown> extends ResolvedQueryOptions<R> {
  readonly idleTimeoutMs: number;
  readonly totalTimeoutMs: number;
  readonly batchRows: number;
}

const statementNames = ["signal", "readOnly", "statementTimeoutMs", "queryTags"];
/** An adapter with options of its own adds their names. */
export const queryOptionNames: readonly string[] = [...statementNames, "maxRows", "maxBytes", "rowSchema"];
const streamNames = [...queryOptionNames, "idleTimeoutMs", "totalTimeoutMs", "batchRows"];

/** Checks a call's options and fills in the defaults; throws a ValidationError, or `READ_ONLY` above the ceiling. */
export function resolveQueryOptions<R>(
  options: QueryOptions<R> | undefined,
  scope: CallScope,
  names: readonly string[] = queryOptionNames,
): ResolvedQueryOptions<R> {
  const { maxRows, maxBytes, rowSchema } = options ?? {};
  return {
    ...resolveStatementOptions(options, scope, names),
    maxRows: maxRows === undefined ? scope.defaults.maxRows : check.limit("maxRows", maxRows),
    maxBytes: maxBytes === undefined ? scope.defaults.maxBytes : check.limit("maxBytes", maxBytes),
    rowSchema: rowSchema === undefined ? undefined : schemaOf(rowSchema),
  };
}

/** As `resolveQueryOptions`; a stream has no row limit unless the call states one. */
export function resolveStreamOptions<R>(
  options: StreamOptions<R> | undefined,
  scope: CallScope,
): ResolvedStreamOptions<R> {
  const { idleTimeoutMs, totalTimeoutMs, batchRows } = options ?? {};
  const { defaults } = scope;
  return {
    ...resolveQueryOptions(options, { ...scope, defaults: { ...defaults, maxRows: Infinity } }, streamNames),
    idleTimeoutMs:
      idleTimeoutMs === undefined ? defaults.idleTimeoutMs : check.durationMs("idleTimeoutMs", idleTimeoutMs),
    totalTimeoutMs:
      totalTimeoutMs === undefined ? defaults.totalTimeoutMs : check.durationMs("totalTimeoutMs", totalTimeoutMs),
    batchRows: batchRows === undefined ? defaults.batchRows : check.count("batchRows", batchRows),
  };
}

export function resolveStatementOptions(
  options: StatementOptions | undefined,
  scope: CallScope,
  names: readonly string[] = statementNames,
): ResolvedStatementOptions {
  const given: StatementOptions = options ?? {};
  check.object("options", given);
  check.known(given, names);
  const { signal, statementTimeoutMs } = given;
  return {
    readOnly: resolveReadOnly(given.readOnly, scope),
    statementTimeoutMs:
      statementTimeoutMs === undefined
        ? scope.defaults.statementTimeoutMs
        : check.durationMs("statementTimeoutMs", statementTimeoutMs),
    signal: signal === undefined ? undefined : check.signal("signal", signal),
    queryTags: mergeTags(scope.defaults.queryTags, given.queryTags),
  };
}

export interface ResolvedUnitOptions extends ResolvedStatementOptions {
  readonly replay: "never" | "whole";
  readonly isolation: TransactionOptions["isolation"];
  readonly maxAttempts: number;
}

/** The options of `session` and `transaction`. */
export function resolveUnitOptions(
  options: SessionOptions | TransactionOptions | undefined,
  scope: CallScope,
  isolations: readonly NonNullable<TransactionOptions["isolation"]>[] = [],
): ResolvedUnitOptions {
  const given: TransactionOptions = options ?? {};
  const { replay, isolation, maxAttempts } = given;
  const names = [...statementNames, "replay", ...(isolations.length > 0 ? ["isolation", "maxAttempts"] : [])];
  return {
    ...resolveStatementOptions(given, scope, names),
    replay: replay === undefined ? "never" : check.oneOf("replay", replay, ["never", "whole"]),
    isolation: isolation === undefined ? undefined : check.oneOf("isolation", isolation, isolations),
    maxAttempts: maxAttempts === undefined ? 1 : check.count("maxAttempts", maxAttempts),
  };
}

/** The scope of the statements inside a session or transaction made with these options. */
export function innerScope(outer: CallScope, unit: ResolvedStatementOptions): CallScope {
  const { readOnly, statementTimeoutMs, queryTags } = unit;
  return { ...outer, fixed: { readOnly }, defaults: { ...outer.defaults, statementTimeoutMs, queryTags } };
}

function resolveReadOnly(readOnly: boolean | undefined, { access, fixed, kind }: CallScope): boolean {
  if (fixed !== undefined) {
    if (readOnly === undefined) return fixed.readOnly;
    throw new ValidationError(
      "readOnly is fixed by the surrounding session or transaction: state it there",
      "readOnly",
    );
  }
  if (readOnly === undefined || check.boolean("readOnly", readOnly)) return true;
  if (access === "read-write") return false;
  throw new DataSourceError({
    code: "READ_ONLY",
    kind,
    message: 'readOnly: false was asked of a data source with access "read-only"',
    hint: 'Create the data source with access: "read-write".',
  });
}

/** A call's tags on top of the source's. */
export function mergeTags(
  base: Readonly<Record<string, string>> | undefined,
  own: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> | undefined {
  if (own === undefined) return base;
  for (const [key, value] of Object.entries(check.object("queryTags", own))) check.string(`queryTags.${key}`, value);
  return base === undefined ? own : { ...base, ...own };
}

function schemaOf<R>(schema: StandardSchema<R>): StandardSchema<R> {
  if (typeof (schema as Partial<StandardSchema<R>>)["~standard"]?.validate === "function") return schema;
  throw new ValidationError("rowSchema must be a Standard Schema (zod, valibot, arktype…)", "rowSchema");
}
