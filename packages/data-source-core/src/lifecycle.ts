import type { DataSourceKind } from "./data-source.ts";
import { DataSourceError } from "./errors.ts";

/** Counts what runs, so that `close()` can let it finish, then stop it, then release everything, once. */
export interface Lifecycle {
  readonly isClosed: boolean;
  /** Aborted, with a `CLOSED` error as its reason, when the grace period of `close` is over. */
  readonly signal: AbortSignal;
  /** Call first in every operation, and the function it returns when that has settled. Throws `CLOSED`. */
  enter(): () => void;
  /** `release` runs when nothing runs any more, or after twice the grace period at the latest. */
  close(release: () => Promise<void>): Promise<void>;
}

export function createLifecycle(options: {
  readonly kind: DataSourceKind;
  readonly closeTimeoutMs: number;
}): Lifecycle {
  const { kind, closeTimeoutMs } = options;
  const controller = new AbortController();
  let active = 0;
  let closing: Promise<void> | undefined;
  let onIdle: (() => void) | undefined;

  const closedError = (): DataSourceError =>
    new DataSourceError({ code: "CLOSED", kind, message: `The ${kind} data source is closed` });
  const idle = async (): Promise<void> => {
    if (active === 0) return;
    await new Promise<void>((resolve) => {
      const timer = closeTimeoutMs === Infinity ? undefined : setTimeout(resolve, closeTimeoutMs);
      onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  };
  return {
    get isClosed() {
      return closing !== undefined;
    },
    signal: controller.signal,
    enter: () => {
      if (closing) throw closedError();
      active += 1;
      let left = false;
      return () => {
        if (left) return;
        left = true;
        active -= 1;
        if (active === 0) onIdle?.();
      };
    },
    close: (release) =>
      (closing ??= (async () => {
        await idle();
        controller.abort(closedError());
        await idle();
        await release();
      })()),
  };
}
