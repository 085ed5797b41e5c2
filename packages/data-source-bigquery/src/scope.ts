import { ValidationError, type IntrospectOptions, type IntrospectScope, type NameFilter } from "@org/data-source-core";
import { validationChecks as check } from "@org/data-source-core/adapter";
import { projectPattern } from "./options.ts";

/** A name filter as patterns of RE2, which are bound as parameters and work alike here. */
export interface NamePatterns {
  readonly include: string;
  readonly exclude: string;
}

export interface ResolvedScope {
  readonly catalogs: readonly string[] | undefined;
  readonly schemas: NamePatterns;
  readonly tables: NamePatterns;
}

export interface ResolvedStatistics {
  readonly sampleRows: number;
  readonly samples: number;
  readonly concurrency: number;
  readonly statementTimeoutMs: number;
}

export function resolveScope(scope: IntrospectScope | undefined): ResolvedScope {
  const given = scope ?? {};
  check.object("scope", given);
  check.known(given, ["catalogs", "schemas", "tables"]);
  const catalogs = given.catalogs === undefined ? undefined : names("catalogs", given.catalogs);
  for (const [index, name] of (catalogs ?? []).entries()) {
    if (!projectPattern.test(name)) {
      throw new ValidationError(`catalogs[${index}] must be a project id`, `catalogs[${index}]`);
    }
  }
  return { catalogs, schemas: patterns("schemas", given.schemas), tables: patterns("tables", given.tables) };
}

export function matchesName({ include, exclude }: NamePatterns, name: string): boolean {
  return new RegExp(include, "su").test(name) && !new RegExp(exclude, "su").test(name);
}

export function resolveStatistics(given: IntrospectOptions["statistics"]): ResolvedStatistics | undefined {
  if (given === undefined) return undefined;
  check.object("statistics", given);
  check.known(given, ["sampleRows", "samples", "concurrency", "statementTimeoutMs"], "statistics.");
  const { sampleRows = 10_000, samples = 0, concurrency = 2, statementTimeoutMs = 10_000 } = given;
  return {
    sampleRows: check.count("statistics.sampleRows", sampleRows),
    samples: samples === 0 ? 0 : check.count("statistics.samples", samples),
    concurrency: check.count("statistics.concurrency", concurrency),
    statementTimeoutMs: check.durationMs("statistics.statementTimeoutMs", statementTimeoutMs),
  };
}

function patterns(field: string, filter: NameFilter | undefined): NamePatterns {
  if (filter !== undefined) {
    check.object(field, filter);
    check.known(filter, ["include", "exclude"], `${field}.`);
  }
  const { include, exclude = [] } = filter ?? {};
  return {
    include: include === undefined ? "." : anyOf(names(`${field}.include`, include)),
    exclude: anyOf(names(`${field}.exclude`, exclude)),
  };
}

function names(field: string, value: readonly string[]): readonly string[] {
  if (!Array.isArray(value)) throw new ValidationError(`${field} must be an array of names`, field);
  return (value as readonly unknown[]).map((item, index) => check.string(`${field}[${index}]`, item));
}

/** Of an empty list: nothing but the empty name, which nothing has. */
function anyOf(wanted: readonly string[]): string {
  return `^(?:${wanted.map(nameAsPattern).join("|")})$`;
}

/** `*` stands for any characters, `\*` for a star. */
function nameAsPattern(name: string): string {
  const parts = name.match(/\\\*|\*|[\s\S]/gu) ?? [];
  return parts
    .map((part) => {
      if (part === "*") return "[\\s\\S]*";
      return part === "\\*" ? "\\*" : part.replace(/[\\^$.*+?()[\]{}|/]/, "\\$&");
    })
    .join("");
}
