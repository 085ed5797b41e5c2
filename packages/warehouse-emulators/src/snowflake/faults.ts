import { SnowflakeFailure } from "./wire.ts";

/** A kind of request. */
export type FaultPoint =
  | "login"
  | "query"
  | "result"
  | "status"
  | "abort"
  | "token"
  | "heartbeat"
  | "delete"
  | "chunk"
  | "telemetry";

/** What to answer in place of the real reply. */
export interface Fault {
  readonly on: FaultPoint;
  /** Only for requests whose SQL, query id or path holds this. */
  readonly matching?: string | RegExp;
  /** A failure of Snowflake in a reply of status 200. */
  readonly code?: string;
  readonly message?: string;
  readonly sqlState?: string;
  /** With `code`: that status and a failure in its body. Alone: an empty body. */
  readonly httpStatus?: number;
  /** Cut the connection without a reply. */
  readonly drop?: boolean;
  /** Never reply, until the emulator is closed. */
  readonly hang?: boolean;
  /** Do what was asked first, and lose only the reply. */
  readonly afterwards?: boolean;
  /** How many requests it hits. Default 1. */
  readonly times?: number;
  /** How many it lets pass before. Default 0. */
  readonly skip?: number;
}

export interface Faults {
  add(fault: Fault): void;
  clear(): void;
  take(on: FaultPoint, subject: string): Fault | undefined;
}

export function createFaults(): Faults {
  let waiting: { readonly fault: Fault; left: number; skip: number }[] = [];
  return {
    add: (fault) => void waiting.push({ fault, left: fault.times ?? 1, skip: fault.skip ?? 0 }),
    clear: () => {
      waiting = [];
    },
    take: (on, subject) => {
      for (const entry of waiting) {
        const { matching } = entry.fault;
        const isMatch = typeof matching === "string" ? subject.includes(matching) : (matching?.test(subject) ?? true);
        if (entry.fault.on !== on || !isMatch || entry.left === 0) continue;
        if (entry.skip > 0) {
          entry.skip -= 1;
          continue;
        }
        entry.left -= 1;
        return entry.fault;
      }
      return undefined;
    },
  };
}

export function failureOf({ code = "000001", message = "Injected failure", sqlState }: Fault): SnowflakeFailure {
  return new SnowflakeFailure(code, message, sqlState);
}
