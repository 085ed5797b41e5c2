import { resolveRequest, type Deadline, type ResolvedRequest, type SqlDialect } from "@org/data-source-core/adapter";
import type { Request } from "@org/data-source-core";
import type { Statement } from "./job.ts";
import { labelsOf } from "./labels.ts";
import type { ResolvedOptions } from "./options.ts";
import { bindParams, encodeParams, paramSignature } from "./params.ts";
import { requireRead, type Gate } from "./read-only.ts";

const dialect: SqlDialect & { readonly namedParams: boolean } = {
  placeholder: () => "?",
  quoteIdentifier: (name) => `\`${name.replaceAll("\\", "\\\\").replaceAll("`", "\\`")}\``,
  namedParams: true,
};

/** A call's request, checked before anything is sent. */
export interface Prepared {
  readonly request: ResolvedRequest;
  /** Without the parameters whose type only the server knows. */
  readonly statement: Statement;
  readonly params: ReturnType<typeof bindParams>;
}

export function prepare(
  request: Request,
  queryTags: Readonly<Record<string, string>> | undefined,
  { location, dataset, maximumBytesBilled }: ResolvedOptions,
): Prepared {
  const resolved = resolveRequest(request, dialect);
  const params = bindParams(resolved.params);
  const needsTypes = params.some((param) => param.type === undefined);
  return {
    request: resolved,
    params,
    statement: {
      text: resolved.text,
      // A server that is told no parameter tells the types of all.
      parameters: needsTypes ? [] : encodeParams(params),
      parameterMode: Array.isArray(resolved.params) ? "POSITIONAL" : "NAMED",
      location,
      labels: labelsOf(queryTags),
      maximumBytesBilled,
      dataset,
    },
  };
}

/**
 * The statement as it may run: as a read only if the server says that it is one. A write asks the server only for what
 * it has to know: types of parameters, or the place of a job that may have to be found again.
 */
export async function admit(
  { statement, params }: Prepared,
  readOnly: boolean,
  gate: Gate,
  deadline: Deadline,
): Promise<Statement> {
  const needsTypes = params.some((param) => param.type === undefined);
  if (!readOnly && !needsTypes && statement.location !== undefined) return statement;
  const verdict = await gate.verdict(statement, paramSignature(params), deadline);
  if (readOnly) requireRead(verdict);
  return {
    ...statement,
    location: verdict.location,
    parameters: needsTypes ? encodeParams(params, verdict.types) : statement.parameters,
  };
}
