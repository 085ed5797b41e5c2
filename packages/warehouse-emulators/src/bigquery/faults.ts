import { Problem } from "./problem.ts";
import type { Answer, RecordedRequest } from "./http.ts";

/** Something that goes wrong on purpose. */
export interface Fault {
  /** The route, such as `jobs.query`, or a test of the whole request. */
  readonly on: string | ((request: RecordedRequest) => boolean);
  /**
   * `error`: the request is not handled, the reply is `reason`. `cut-request`: not handled, connection closed.
   * `cut-reply`: handled, but the reply is lost. `hang`: handled, and no reply ever comes.
   */
  readonly kind: "error" | "cut-request" | "cut-reply" | "hang";
  readonly reason?: string;
  readonly message?: string;
  readonly status?: number;
  /** Default 1. */
  readonly times?: number;
}

export interface Faults {
  add(fault: Fault): void;
  /** Handles the request, unless a fault says otherwise. */
  apply(request: RecordedRequest, handle: () => Promise<Answer>): Promise<Answer>;
}

export function createFaults(): Faults {
  const pending: { readonly fault: Fault; left: number }[] = [];
  return {
    add: (fault) => {
      pending.push({ fault, left: fault.times ?? 1 });
    },
    apply: async (request, handle) => {
      const entry = pending.find(
        ({ fault: { on }, left }) => left > 0 && (typeof on === "string" ? on === request.route : on(request)),
      );
      if (!entry) return await handle();
      entry.left -= 1;
      const { kind, reason = "backendError", message = "Injected fault", status } = entry.fault;
      if (kind === "cut-request") return "cut";
      if (kind === "error") {
        const problem = new Problem(reason, message, status);
        return { status: problem.status, body: problem.toBody() };
      }
      await handle();
      return kind === "hang" ? "hang" : "cut";
    },
  };
}
