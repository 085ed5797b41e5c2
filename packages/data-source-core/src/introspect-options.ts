import { mergeTags } from "./call-options.ts";
import type { IntrospectOptions, IntrospectScope, NameFilter } from "./catalog.ts";
import { validationChecks as check } from "./checks.ts";
import { ValidationError } from "./errors.ts";
import type { ResolvedDefaults } from "./source-options.ts";

/** Patterns for LIKE with `\` as its escape character, to be bound; see `likePattern`. */
export interface ResolvedFilter {
  /** `undefined`: everything. */
  readonly include: readonly string[] | undefined;
  readonly exclude: readonly string[];
}

export interface ResolvedScope {
  /** Exact names; `undefined`: the connection's own. */
  readonly catalogs: readonly string[] | undefined;
  readonly schemas: ResolvedFilter;
  readonly tables: ResolvedFilter;
}

export interface ResolvedIntrospectOptions {
  readonly signal: AbortSignal | undefined;
  readonly statementTimeoutMs: number;
  readonly queryTags: Readonly<Record<string, string>> | undefined;
  /** `undefined`: not asked for. */
  readonly statistics:
    | {
        readonly sampleRows: number;
        readonly samples: number;
        readonly concurrency: number;
        readonly statementTimeoutMs: number;
      }
    | undefined;
}

export function resolveScope(scope: IntrospectScope = {}): ResolvedScope {
  check.known(check.object("scope", scope), ["catalogs", "schemas", "tables"]);
  return {
    catalogs: scope.catalogs === undefined ? undefined : names("catalogs", scope.catalogs),
    schemas: resolveFilter("schemas", scope.schemas),
    tables: resolveFilter("tables", scope.tables),
  };
}

export function resolveIntrospectOptions(
  options: IntrospectOptions = {},
  defaults: ResolvedDefaults,
): ResolvedIntrospectOptions {
  check.known(check.object("options", options), ["signal", "statementTimeoutMs", "queryTags", "statistics"]);
  const { signal, statementTimeoutMs, queryTags, statistics } = options;
  return {
    signal: signal === undefined ? undefined : check.signal("signal", signal),
    statementTimeoutMs:
      statementTimeoutMs === undefined
        ? defaults.statementTimeoutMs
        : check.durationMs("statementTimeoutMs", statementTimeoutMs),
    queryTags: mergeTags(defaults.queryTags, queryTags),
    statistics: statistics === undefined ? undefined : resolveStatistics(statistics),
  };
}

/** A name with `*` for any characters (and `\*` for a star) as a LIKE pattern whose escape character is `\`. */
export function likePattern(name: string): string {
  return name.replace(/\\\*|[\\%_*]/g, (part) => (part === "*" ? "%" : part === "\\*" ? "*" : `\\${part}`));
}

function resolveFilter(field: string, filter: NameFilter | undefined): ResolvedFilter {
  if (filter === undefined) return { include: undefined, exclude: [] };
  check.known(check.object(field, filter), ["include", "exclude"], `${field}.`);
  const { include, exclude = [] } = filter;
  return {
    include: include === undefined ? undefined : names(`${field}.include`, include).map(likePattern),
    exclude: exclude.length === 0 ? [] : names(`${field}.exclude`, exclude).map(likePattern),
  };
}

function names(field: string, value: readonly string[]): readonly string[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw new ValidationError(`${field} must be an array of at least one name; leave it out for all`, field);
  }
  return value.map((name, index) => check.string(`${field}[${index}]`, name));
}

function resolveStatistics(
  statistics: NonNullable<IntrospectOptions["statistics"]>,
): NonNullable<ResolvedIntrospectOptions["statistics"]> {
  const known = ["sampleRows", "samples", "concurrency", "statementTimeoutMs"];
  check.known(check.object("statistics", statistics), known, "statistics.");
  const { sampleRows = 10_000, samples = 0, concurrency = 2, statementTimeoutMs = 10_000 } = statistics;
  return {
    sampleRows: check.count("statistics.sampleRows", sampleRows),
    samples: samples === 0 ? 0 : check.count("statistics.samples", samples),
    concurrency: check.count("statistics.concurrency", concurrency),
    statementTimeoutMs: check.durationMs("statistics.statementTimeoutMs", statementTimeoutMs),
  };
}
