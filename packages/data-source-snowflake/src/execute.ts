import { createDeadline, type Deadline } from "@org/data-source-core/adapter";
import { unknownOutcome } from "./error-map.ts";
import { expiryOf } from "./expiry.ts";
import type { Binds, Connection, DriverError, RowStatement } from "./driver.ts";

/** One statement as the driver gets it. */
export interface StatementCall {
  readonly text: string;
  readonly binds: Binds | undefined;
  /** For this statement alone, so that nothing of it stays in the session. */
  readonly parameters: Readonly<Record<string, string | number>>;
  /** A write that ended in spite of a cancel has happened, and that is its answer. */
  readonly isWrite: boolean;
  readonly deadline: Deadline;
}

/** The driver's error for a statement, and what is known of how far the statement came. */
export class StatementFailure extends Error {
  readonly native: unknown;
  readonly queryId: string | undefined;
  /** False: the server refused it outright, so it cannot have done anything. */
  readonly mayHaveRun: boolean;

  constructor(native: unknown, queryId: string | undefined, mayHaveRun: boolean) {
    super("The statement failed", { cause: native });
    this.native = native;
    this.queryId = queryId;
    this.mayHaveRun = mayHaveRun;
  }
}

/**
 * The driver repeats a request that broke, after at least a second. A refusal that came sooner is therefore the answer
 * to the only request there was; a later one may be the answer to a repeat of a request that had been accepted.
 */
const soonestRepeatMs = 1_000;
/** How long a cancelled statement may take to stop. */
const cancelGraceMs = 5_000;

/** Runs one statement up to its first rows. Rejects with a StatementFailure, or with the deadline's reason. */
export async function execute(connection: Connection, call: StatementCall): Promise<RowStatement> {
  const { deadline, binds, text, parameters } = call;
  deadline.throwIfOver();
  return settle(call, (complete) =>
    connection.execute({
      sqlText: text,
      parameters,
      rowMode: "array",
      // Without it the driver runs a refused statement a second time before it reports the error.
      streamResult: true,
      ...(binds && { binds }),
      complete,
    }),
  );
}

/** The result of a statement that was started earlier, on any session of the same user. */
export function fetchResult(connection: Connection, queryId: string, call: StatementCall): Promise<RowStatement> {
  return settle(call, (complete) =>
    connection.fetchResult({ queryId, sqlText: call.text, rowMode: "array", streamResult: true, complete }),
  );
}

type Complete = (error: unknown, statement: RowStatement) => void;

async function settle(call: StatementCall, start: (complete: Complete) => RowStatement): Promise<RowStatement> {
  const { deadline, isWrite } = call;
  const started = performance.now();
  let statement: RowStatement | undefined;
  const done = new Promise<RowStatement>((resolve, reject) => {
    statement = start((error, finished) => {
      if (!error) return resolve(finished);
      const queryId = finished?.getQueryId() ?? statement?.getQueryId();
      reject(
        new StatementFailure(error, queryId, queryId !== undefined || performance.now() - started >= soonestRepeatMs),
      );
    });
  });
  try {
    return await deadline.race(done);
  } catch (error) {
    if (!deadline.signal.aborted) throw error;
    const end = await cancel(statement as RowStatement, done);
    if (isWrite && typeof end === "object") return end;
    // The driver may still be repeating its request, or its session ended: nobody can say that nothing happened.
    if (isWrite && end === "unconfirmed") {
      throw unknownOutcome(statement?.getQueryId(), "its cancel was not confirmed", deadline.signal.reason);
    }
    throw deadline.signal.reason;
  }
}

/**
 * Asks the server to stop, again and again, since a request that arrives before its statement does finds nothing to
 * stop. Fulfils with the statement if it finished all the same.
 */
async function cancel(
  statement: RowStatement,
  done: Promise<RowStatement>,
): Promise<RowStatement | "stopped" | "unconfirmed"> {
  using grace = createDeadline({ timeoutMs: cancelGraceMs });
  for (let pauseMs = 50; !grace.signal.aborted; pauseMs *= 2) {
    statement.cancel();
    using pause = createDeadline({ timeoutMs: pauseMs, signals: [grace.signal] });
    try {
      return await pause.race(done);
    } catch (error) {
      if (error instanceof StatementFailure) return isAnswer(error) ? "stopped" : "unconfirmed";
    }
  }
  return "unconfirmed";
}

/** Whether an error says how the statement itself ended, and not only that nothing more will be heard of it. */
function isAnswer({ native, mayHaveRun }: StatementFailure): boolean {
  // The server's codes are strings, the driver's own are numbers.
  const isServers = typeof (native as Partial<DriverError> | undefined)?.code === "string";
  return !mayHaveRun || (isServers && expiryOf(native) === undefined);
}
