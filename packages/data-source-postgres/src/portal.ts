import type { Column } from "@org/data-source-core";
import type { Deadline, ResolvedQueryOptions, ResolvedRequest } from "@org/data-source-core/adapter";
import type { Connection } from "./connection.ts";
import { statementError, unknownOutcome } from "./error-map.ts";
import { begin, commit, type Guard, settingsStep } from "./guard.ts";
import { learnShape, prepare, type StatementEnvironment } from "./query.ts";
import { isDataSourceError } from "@org/data-source-core";

/** A statement whose rows are fetched when they are asked for. */
export interface Portal {
  readonly columns: readonly Column[];
  /** `tag` as in an Outcome: stated once there are no more rows. */
  read(maxRows: number, deadline: Deadline): Promise<{ readonly rows: unknown[][]; readonly tag: string | undefined }>;
  /** Whether it must be closed before its transaction ends or goes on, if it was not read to its end. */
  readonly mustClose: boolean;
  close(deadline: Deadline): Promise<void>;
}

let lastPortal = 0;

/**
 * Opens a named portal in a transaction, with a Sync after each fetch: only so does every fetch have a statement
 * timeout of its own, which the consumer's pauses do not touch. Whoever opened it ends the transaction, except that a
 * write commits when its last row was read.
 */
export async function openPortal(
  environment: StatementEnvironment,
  connection: Connection,
  guard: Guard,
  request: ResolvedRequest,
  options: ResolvedQueryOptions,
  deadline: Deadline,
): Promise<Portal> {
  const { redact } = environment;
  const name = `p${(lastPortal += 1)}`;
  const { step, toError } = await prepare(environment, connection, guard, request, options, deadline);
  const { statementTimeoutMs } = options;
  // Not what is left of this deadline: each fetch will have the whole time again.
  const settings = settingsStep(
    statementTimeoutMs === Infinity ? undefined : Math.ceil(statementTimeoutMs),
    connection,
  );
  const steps = [...begin(guard), settings, { ...step, portal: name, isMain: true }];
  const { error, fields = [] } = await connection.run(steps, deadline);
  if (error) throw toError(error);
  const { columns, convert } = await learnShape(environment, connection, "transaction", request, fields, deadline);

  const end = async (deadline: Deadline): Promise<void> => {
    try {
      const { error } = await connection.run([commit], deadline);
      if (error) throw statementError(error, { redact, deadline });
    } catch (error) {
      throw isDataSourceError(error, "CONNECTION") ? unknownOutcome(error) : error;
    }
  };
  // It refuses other statements while a portal may have rows left.
  const isRedshift = connection.flavour === "redshift";
  const close = async (deadline: Deadline): Promise<void> => {
    await connection.run([{ portal: name, closes: true }], deadline);
  };
  return {
    columns,
    mustClose: guard === "transaction" || isRedshift,
    read: async (maxRows, deadline) => {
      const outcome = await connection.run([{ portal: name, maxRows, isMain: true }], deadline);
      if (outcome.error) throw toError(outcome.error, deadline);
      const { tag } = outcome;
      if (tag !== undefined && isRedshift) await close(deadline);
      if (tag !== undefined && guard === "write") await end(deadline);
      return { rows: outcome.rows.map(convert), tag };
    },
    close,
  };
}
