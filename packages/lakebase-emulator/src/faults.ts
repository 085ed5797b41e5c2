/** The routes of the workspace API that faults and counters are kept for. */
export type ApiRoute = "discovery" | "token" | "tokenExchange" | "mintAutoscaling" | "mintProvisioned" | "scimMe";

/**
 * - `"hang"`: the request is read and never answered.
 * - `"hold"`: the request waits until the fault is lifted, and is then answered as usual (a barrier for race tests).
 * - `"stall"`: headers and half of the real body, then nothing.
 * - `"malformed"`: the real body, secrets included, without its last character: not JSON any more.
 * - `"reset"`: the connection is reset before the headers.
 */
export type ApiFault =
  | "hang"
  | "hold"
  | "stall"
  | "malformed"
  | "reset"
  | { status: number; retryAfter?: number | string; body?: string | object }
  | { redirect: string; redirectStatus?: 301 | 302 | 303 | 307 | 308 }
  | Distortion;

/** The usual answer, but distorted. */
export interface Distortion {
  /** Answer this much later, ms. */
  delayMs?: number;
  /** The `Date` header. */
  date?: Date | string;
  /** Further headers, such as `Age`. */
  headers?: Record<string, string>;
  /** The expiry field of a credential or token answer; any other string is sent as it is (an ISO time, say). */
  expiry?: "past" | "garbage" | "missing" | (string & {});
}

/** A login that is answered with this error, or never (`"hang"`), once the password has been read. */
export type LoginFault = "hang" | { message: string; sqlState?: string; severity?: "ERROR" | "FATAL" };

export interface FaultOptions {
  /** How many requests it applies to. Default: until lifted. */
  times?: number;
}

export interface Faults {
  /** Faults apply in the order in which they were set: the first that is not used up. Returns a function that lifts it. */
  api(route: ApiRoute | "all", fault: ApiFault, options?: FaultOptions): () => void;
  login(fault: LoginFault, options?: FaultOptions): () => void;
  /** Lifts every fault. */
  clear(): void;
}

/** A fault that has struck, and the moment at which it is lifted. */
interface Struck<F> {
  fault: F;
  lifted: Promise<void>;
}

interface Plan<F> extends Struck<F> {
  route: string;
  left: number;
  lift: () => void;
}

export interface FaultPlans<F> {
  add(route: string, fault: F, options?: FaultOptions): () => void;
  take(route: string): Struck<F> | undefined;
  clear(): void;
}

export function createFaultPlans<F>(): FaultPlans<F> {
  const plans = new Set<Plan<F>>();
  return {
    add(route, fault, { times = Number.POSITIVE_INFINITY } = {}) {
      if (!(times >= 1)) throw new RangeError(`times: expected at least 1, got ${String(times)}`);
      const { promise, resolve } = Promise.withResolvers<void>();
      const plan: Plan<F> = {
        route,
        fault,
        left: times,
        lifted: promise,
        lift: () => {
          plans.delete(plan);
          resolve();
        },
      };
      plans.add(plan);
      return plan.lift;
    },
    take(route) {
      for (const plan of plans) {
        if (plan.left > 0 && (plan.route === "all" || plan.route === route)) {
          plan.left -= 1;
          return plan;
        }
      }
      return undefined;
    },
    clear() {
      for (const plan of plans) plan.lift();
    },
  };
}
