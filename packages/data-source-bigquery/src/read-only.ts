import { DataSourceError } from "@org/data-source-core";
import {
  createClassifier,
  lexicalRules,
  type Classifier,
  type Deadline,
  type Instrument,
} from "@org/data-source-core/adapter";
import { createHash } from "node:crypto";
import type { Connection } from "./connection.ts";
import { spanned } from "./engine.ts";
import { queryBody, type Statement } from "./job.ts";
import type { ServerType } from "./params.ts";
import type { TableField } from "./type-map.ts";

/** What a dry run says of a statement and stays true of its text: never its cost. */
export interface Verdict {
  readonly statementType: string | undefined;
  /** Where it would run. */
  readonly location: string | undefined;
  /** Types of the parameters that came without. */
  readonly types: readonly ServerType[];
}

export interface DryRun extends Verdict {
  readonly bytesProcessed: bigint | undefined;
  readonly fields: readonly TableField[] | undefined;
}

/** Asks the server what a statement is, before it runs. */
export interface Gate {
  /** Remembered for ten minutes, by text, project, location, default dataset and the parameters' types. */
  verdict(statement: Statement, signature: readonly string[], deadline: Deadline): Promise<Verdict>;
  /** Always asked. */
  dryRun(statement: Statement, deadline: Deadline): Promise<DryRun>;
}

export const classify: Classifier = createClassifier(lexicalRules.bigquery);

const rememberedMs = 10 * 60_000;
const remembered = 1_000;

interface DryRunReply {
  readonly jobReference?: { readonly location?: string };
  readonly statistics?: {
    readonly totalBytesProcessed?: string;
    readonly query?: {
      readonly statementType?: string;
      readonly totalBytesProcessed?: string;
      readonly schema?: { readonly fields?: readonly TableField[] };
      readonly undeclaredQueryParameters?: readonly ServerType[];
    };
  };
}

export function createGate(
  connection: Connection,
  instrument: Pick<Instrument, "span">,
  now: () => number = () => performance.now(),
): Gate {
  const known = new Map<string, { readonly verdict: Verdict; readonly until: number }>();

  const dryRun = async (statement: Statement, deadline: Deadline): Promise<DryRun> => {
    const { location } = statement;
    const reply = await spanned(instrument, "dry run", async () =>
      connection.call<DryRunReply>(
        {
          method: "POST",
          path: "/jobs",
          body: {
            jobReference: { projectId: await connection.projectId(), location },
            // Nothing is billed, and what an estimate is asked for may well be above the cap.
            configuration: { dryRun: true, query: queryBody({ ...statement, maximumBytesBilled: undefined }) },
          },
        },
        deadline,
      ),
    );
    const { query, totalBytesProcessed } = reply.statistics ?? {};
    const bytes = query?.totalBytesProcessed ?? totalBytesProcessed;
    return {
      statementType: query?.statementType,
      location: location ?? reply.jobReference?.location,
      types: query?.undeclaredQueryParameters ?? [],
      bytesProcessed: bytes === undefined ? undefined : BigInt(bytes),
      fields: query?.schema?.fields,
    };
  };

  return {
    dryRun,
    verdict: async (statement, signature, deadline) => {
      const { text, location, dataset, parameterMode } = statement;
      const project = await connection.projectId();
      const key = digest([text, project, location, dataset, parameterMode, signature]);
      const found = known.get(key);
      if (found && now() < found.until) return found.verdict;
      const { statementType, location: where, types } = await dryRun(statement, deadline);
      const verdict = { statementType, location: where, types };
      known.delete(key);
      if (known.size >= remembered) known.delete(known.keys().next().value as string);
      known.set(key, { verdict, until: now() + rememberedMs });
      return verdict;
    },
  };
}

/** Refuses what the server says is anything but one SELECT. */
export function requireRead({ statementType = "unknown" }: Verdict): void {
  if (statementType === "SELECT") return;
  const isScript = statementType === "SCRIPT";
  throw new DataSourceError({
    code: "READ_ONLY",
    kind: "bigquery",
    message: isScript
      ? "Several statements or a script in a read: the server reports SCRIPT"
      : `The statement is no read: the server reports ${statementType}`,
    nativeCode: statementType,
    hint: isScript
      ? "Send one SELECT at a time."
      : 'If the write is meant, use access: "read-write" on the data source and readOnly: false on the call.',
  });
}

/** Texts can be long, and there are many. */
function digest(identity: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(identity)).digest("base64url");
}
