/** Severity of a log entry. Token events are `debug`; `warn` and `error` ask for somebody's action. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** Receives log entries. Fields never hold a token or a secret. What it throws is ignored. */
export type LogListener = (level: LogLevel, message: string, fields: Readonly<Record<string, unknown>>) => void;

/** What was being obtained. */
export type RefreshSubject = "credential" | "workspace-token";

/** Why it was obtained. */
export type RefreshCause = "initial" | "scheduled" | "early-window" | "expired" | "invalidated" | "retry";

/** A step in the life of a token, for telemetry. */
export type RefreshEvent =
  | { readonly type: "refresh-start"; readonly subject: RefreshSubject; readonly cause: RefreshCause }
  | {
      readonly type: "refresh-attempt-failed";
      readonly subject: RefreshSubject;
      /** 1 for the first. */
      readonly attempt: number;
      readonly error: Error;
      /** Milliseconds until the next attempt; undefined when there is none. */
      readonly retryInMs: number | undefined;
    }
  | {
      readonly type: "refresh-end";
      readonly subject: RefreshSubject;
      readonly cause: RefreshCause;
      readonly outcome: "success" | "failure";
      readonly durationMs: number;
      readonly error?: Error;
    };

/** Receives events. What it throws is ignored. */
export type RefreshListener = (event: RefreshEvent) => void;

/** Where one holder of a provider wants to hear about it. */
export interface Listeners {
  readonly onEvent?: RefreshListener | undefined;
  readonly onLog?: LogListener | undefined;
}

/** Tells a set of listeners; a listener that throws harms nobody. */
export interface Reporter {
  event(event: RefreshEvent): void;
  log(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void;
}

export function createReporter(listeners: () => Iterable<Listeners>): Reporter {
  const tell = (call: (listener: Listeners) => unknown): void => {
    for (const listener of listeners()) {
      // An observer's failure is not the credential's; an async one must not become an unhandled rejection either.
      new Promise((resolve) => resolve(call(listener))).catch(() => {});
    }
  };
  return {
    event: (event) => tell((listener) => listener.onEvent?.(event)),
    log: (level, message, fields = {}) => tell((listener) => listener.onLog?.(level, message, fields)),
  };
}
