import type { LogLevel, RefreshCause, RefreshSubject, Reporter } from "./events.ts";

/** What a cache tells about its refreshes. */
export interface RefreshReport {
  /** Returns what to call at the end, with the error if there was one. */
  start(cause: RefreshCause): (error?: unknown) => void;
  /** Logged once until a refresh succeeds, as the next one is. */
  permanentFailure(error: unknown): void;
  rejectedServed(error: unknown): void;
  recovered(): void;
}

export function createRefreshReport(subject: RefreshSubject, reporter: Reporter): RefreshReport {
  const said = new Set<string>();
  const logOnce = (level: LogLevel, message: string, error: unknown): void => {
    if (said.has(message)) return;
    said.add(message);
    reporter.log(level, `${subject} ${message}`, { error });
  };
  return {
    start: (cause) => {
      const startedMs = performance.now();
      reporter.event({ type: "refresh-start", subject, cause });
      return (error) => {
        const durationMs = performance.now() - startedMs;
        const outcome = error === undefined ? "success" : "failure";
        const detail = error instanceof Error && { error };
        reporter.event({ type: "refresh-end", subject, cause, outcome, durationMs, ...detail });
        reporter.log("debug", `${subject} refresh: ${outcome}`, { cause, durationMs });
      };
    },
    permanentFailure: (error) =>
      logOnce("error", "cannot be refreshed; retrying will not help until its cause is removed", error),
    rejectedServed: (error) => logOnce("warn", "was rejected and could not be replaced; serving it again", error),
    recovered: () => said.clear(),
  };
}
