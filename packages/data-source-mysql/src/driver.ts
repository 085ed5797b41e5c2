import type { EventEmitter } from "node:events";
import type { Socket } from "node:net";

/**
 * What is used of mysql2 3.24. Its own types leave out half of it: the statement's parameters, the command as an
 * emitter, the socket, and `startTLS`.
 */
export interface DriverConnection extends EventEmitter {
  stream: Socket;
  readonly packetParser: { execute(chunk: Buffer): void };
  startTLS(onSecure: (error?: Error) => void): void;
  /** Cached by all of this. */
  prepare(key: StatementKey, callback: (error: DriverError | null, statement: DriverStatement) => void): void;
  /** Drops it from the cache. */
  unprepare(key: StatementKey): void;
  /** Without a callback. */
  query(options: { readonly sql: string }): DriverCommand;
  reset(callback: (error: DriverError | null) => void): void;
  /** Says goodbye to the server. */
  end(callback?: () => void): void;
}

/** For a preparation `rowsAsArray` is a part of the key and nothing else: here it tells the parameters' types apart. */
export interface StatementKey {
  readonly sql: string;
  readonly rowsAsArray: string;
}

export interface DriverStatement {
  readonly parameters: readonly unknown[];
  execute(values: readonly unknown[]): DriverCommand;
}

/** Emits `fields` (undefined for a result without rows), `result` (a row, or a header), `error` and at last `end`. */
export interface DriverCommand extends EventEmitter {
  /** Given each packet of the reply; none at the command's start. */
  execute(packet: DriverPacket | undefined, connection: unknown): boolean;
}

interface DriverPacket {
  isEOF(): boolean;
  eofWarningCount(): number;
}

/** A column as the protocol describes it. */
export interface DriverField {
  name: string;
  columnType: number;
  characterSet: number;
  readonly columnLength: number;
  readonly flags: number;
  readonly decimals: number;
  /** MariaDB: `uuid`, `inet6`, `point`… */
  readonly extendedTypeName?: string;
  /** MariaDB: `json`. */
  readonly extendedFormat?: string;
}

/** The reply to a statement without rows. */
export interface DriverHeader {
  readonly affectedRows: number;
  readonly serverStatus: number;
  readonly warningStatus: number;
}

/** A refusal of the server (with `errno`), or a failure of the connection (with `fatal` or a system's code). */
export interface DriverError extends Error {
  readonly code?: string;
  readonly errno?: number;
  readonly sqlState?: string;
  readonly fatal?: boolean;
}
