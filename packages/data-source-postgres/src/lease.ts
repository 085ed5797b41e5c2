import { type DataSourceError, isDataSourceError, type Notice } from "@org/data-source-core";
import { createDeadline, type Deadline } from "@org/data-source-core/adapter";
import type { TLSSocket } from "node:tls";
import type { PoolClient } from "pg";
import { sendCancelRequest } from "./cancel.ts";
import { parametersOf } from "./client.ts";
import type { Connection, ConnectionSettings, Lease } from "./connection.ts";
import { brokenError, noticeOf } from "./error-map.ts";
import { exchange, NotSentError, type Outcome, type Step } from "./exchange.ts";
import { discardAll, rollback } from "./guard.ts";
import type { PoolSettings } from "./pool.ts";
import { PreparedStatements } from "./prepared.ts";

export interface PooledLease extends Lease {
  /** Whether the server still answers on it; `undefined` if there is no reason to ask. */
  prove(deadline: Deadline): Promise<boolean> | undefined;
}

/** How many connections a pool has lost. One seldom goes alone, and of the others nothing may be heard before their use. */
export interface Losses {
  count: number;
}

/** How long an idle connection may take to answer before it is given up for a new one. */
const proofTimeoutMs = 1_000;
/** How long the server's own timer may be late before it is asked to cancel. */
const timeoutLeewayMs = 200;
/** How long a cancelled statement may take to stop before its connection is given up. */
const cancelGraceMs = 5_000;

const unsent = new WeakSet<object>();

/** Whether a connection broke before the statement was sent: running it again is safe. */
export function isUnsent(error: object): boolean {
  return unsent.has(error);
}

/** What one connection of the pool can do, and what becomes of it when it is given back. */
export function createLease(client: PoolClient, settings: ConnectionSettings, losses: Losses): PooledLease {
  const { redact, onEvent } = settings;
  let lossesWhenAlive = losses.count;
  let notices: Notice[] = [];
  let broken: DataSourceError | undefined;
  let isTainted = false;
  const prepared = settings.preparedStatements ? new PreparedStatements(client.connection) : undefined;
  const onNotice = (message: { severity?: string; code?: string; message?: string }): void => {
    const notice = noticeOf(message);
    notices.push(notice);
    onEvent({ type: "notice", notice });
  };
  const onError = (error: Error): void => void (broken ??= brokenError(error, redact));
  client.on("notice", onNotice as never);
  // Also while it is idle, beside the pool's own listener.
  client.on("error", onError);

  const lose = (reason: unknown): DataSourceError => {
    broken = brokenError(reason, redact);
    losses.count += 1;
    onEvent({ type: "connection-closed", reason: "A connection broke while it was used" });
    if (reason instanceof NotSentError) unsent.add(broken);
    return broken;
  };

  const stop = async (running: Promise<Outcome>, deadline: Deadline): Promise<Outcome> => {
    const isOver = async (ms: number): Promise<boolean> => {
      using limit = createDeadline({ timeoutMs: ms });
      return await limit.race(running).then(
        () => true,
        () => !limit.signal.aborted,
      );
    };
    const timedOut = isDataSourceError(deadline.signal.reason, "STATEMENT_TIMEOUT");
    if (timedOut && (await isOver(timeoutLeewayMs))) return running;
    using limit = createDeadline({ timeoutMs: cancelGraceMs });
    const target = cancelTarget(client, settings);
    const isOnItsWay = await sendCancelRequest(target, limit.signal).then(
      () => limit.signal.aborted,
      () => false,
    );
    if (!(await isOver(limit.remainingMs() + 1))) client.connection.stream.destroy();
    // It would hit whatever runs next.
    else if (isOnItsWay) broken ??= brokenError(new Error("A cancel request may still arrive"), redact);
    return running;
  };

  const settle = (): Promise<void> | undefined => {
    if (broken || client.getTransactionStatus() === "I") return undefined;
    return rollBack();
  };
  const rollBack = (): Promise<void> => tidy(rollback);
  const tidy = async (step: Step): Promise<void> => {
    using limit = createDeadline({ timeoutMs: cancelGraceMs, code: "CONNECTION" });
    try {
      const { error } = await limit.race(exchange(client, [step], prepared));
      if (error) throw error;
    } catch (error) {
      broken = brokenError(error, redact);
    }
  };

  const runOnce = async (steps: readonly Step[], deadline: Deadline): Promise<Outcome> => {
    if (broken) {
      unsent.add(broken);
      throw broken;
    }
    deadline.throwIfOver();
    const running = exchange(client, steps, prepared);
    try {
      const outcome = await deadline.race(running);
      lossesWhenAlive = losses.count;
      return outcome;
    } catch (error) {
      if (!deadline.signal.aborted) throw lose(error);
      return await stop(running, deadline).catch((reason: unknown) => {
        throw lose(reason);
      });
    }
  };

  const connection: Connection = {
    flavour: settings.flavour,
    parameters: parametersOf.get(client) ?? new Map(),
    takeNotices: () => {
      const taken = notices;
      notices = [];
      return taken;
    },
    run: async (steps, deadline) => {
      const isAlone = client.getTransactionStatus() === "I";
      const outcome = await runOnce(steps, deadline);
      if (!outcome.isStale || !isAlone) return outcome;
      // Nothing of it has run but what it began with: it may be parsed anew, once.
      await settle();
      return runOnce(steps, deadline);
    },
    taint: () => {
      isTainted = settings.pooler === "none";
    },
    settle,
  };
  const reset = async (settled: Promise<void> | undefined): Promise<void> => {
    isTainted = false;
    await settled;
    if (!broken) await tidy(discardAll);
  };
  const prove = async (deadline: Deadline): Promise<boolean> => {
    using limit = createDeadline({ timeoutMs: proofTimeoutMs, signals: [deadline.signal] });
    // Nothing but a Sync.
    const proved = await limit.race(exchange(client, [])).then(
      () => true,
      () => false,
    );
    if (proved) lossesWhenAlive = losses.count;
    return proved;
  };
  return {
    connection,
    prove: (deadline) => (lossesWhenAlive === losses.count ? undefined : prove(deadline)),
    end: ({ discard = false } = {}) => {
      // Redshift knows no DISCARD: what a statement left behind goes with the connection.
      const isClosing = discard || (isTainted && settings.flavour === "redshift");
      const free = (): void => client.release(isClosing || broken !== undefined);
      const settling = isClosing ? undefined : settle();
      const settled = isTainted && !isClosing ? reset(settling) : settling;
      if (settled) return settled.then(free);
      free();
      return undefined;
    },
  };
}

function cancelTarget(client: PoolClient, { host, port, ssl }: PoolSettings): Parameters<typeof sendCancelRequest>[0] {
  const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
  const address = (client.connection.stream as TLSSocket).remoteAddress ?? host;
  return { host, port, ssl, address, processId: processID, secretKey };
}
