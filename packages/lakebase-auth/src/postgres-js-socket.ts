import type { Socket } from "node:net";
import { CredentialError, LakebaseAuthError, ownError } from "./errors.ts";
import type { PasswordProvider } from "./password-provider.ts";
import { keepAlive, untilAborted, withDeadline } from "./timers.ts";

/** The options that postgres.js hands to its `socket` factory. */
interface PostgresJsOptions {
  host: readonly string[];
  readonly port: readonly number[];
  readonly path?: string | false;
  /** Seconds; 0 for no limit. */
  readonly connect_timeout?: number;
}

/** Resolves to a socket: connected, or about to fail with the error that the query ends with. */
export type SocketFactory = (options: PostgresJsOptions) => Promise<unknown>;

/**
 * postgres.js awaits `pass` where nothing catches a rejection, so that a failed mint would end the process. The
 * credential is therefore obtained in its `socket` factory, before connecting. A factory that rejects would take the
 * connection's place in the pool for ever; a socket that fails gives it back.
 */
export function createSocketFactory(provider: PasswordProvider): { socket: SocketFactory; password: PasswordProvider } {
  let minted: string | undefined;
  let turn = 0;

  const open = async (options: PostgresJsOptions, signal: AbortSignal): Promise<Socket> => {
    minted = await provider({ signal }).catch((error: unknown) => {
      // postgres.js attaches the query to an error; that of a failed mint is everybody's.
      throw error instanceof LakebaseAuthError ? ownError(error) : error;
    });
    return await connectToAny(options, turn++, signal);
  };
  const socket: SocketFactory = async (options) => {
    const limitMs = (options.connect_timeout || Infinity) * 1000;
    const opening = withDeadline(
      limitMs,
      undefined,
      () => timeoutError(limitMs),
      (signal) => open(options, signal),
    );
    try {
      return await keepAlive(opening);
    } catch (error) {
      return await failingSocket(options, error);
    }
  };

  // Only what went through the factory may fall back to its token: elsewhere a rejection has somewhere to go.
  const password = (call?: { readonly signal?: AbortSignal }): Promise<string> =>
    provider(call).catch((error: unknown) => {
      if (minted === undefined) throw error;
      return minted;
    });
  const { invalidate, close, dispose } = provider;
  return {
    socket,
    password: Object.assign(password, { invalidate, close, dispose, [Symbol.asyncDispose]: close }),
  };
}

/** Hosts take turns, as they do in postgres.js; one that cannot be reached makes room for the next. */
async function connectToAny(options: PostgresJsOptions, turn: number, signal: AbortSignal): Promise<Socket> {
  if (typeof options.path === "string") return await connect({ path: options.path }, signal);
  const count = options.port.length;
  for (let tried = 1; ; tried++) {
    const index = (turn + tried - 1) % count;
    const [host, port] = [options.host[index] ?? "localhost", options.port[index] ?? 5432];
    try {
      // Where postgres.js takes the TLS server name from.
      return Object.assign(await connect({ host, port }, signal), { host, port });
    } catch (error) {
      if (signal.aborted || tried >= count) throw error;
    }
  }
}

async function connect(target: { path: string } | { host: string; port: number }, signal: AbortSignal) {
  // postgres.js runs on Node's sockets; nothing else of this package does.
  const { createConnection } = await import("node:net");
  const socket = createConnection(target);
  try {
    await untilAborted(
      new Promise<void>((resolve, reject) => {
        socket.once("connect", resolve);
        socket.once("error", reject);
      }),
      signal,
    );
  } catch (error) {
    socket.on("error", () => {});
    socket.destroy();
    throw error;
  }
  return socket;
}

/**
 * A socket that fails as soon as postgres.js listens to it. With several hosts postgres.js drops an error, because it
 * believes that it will try the next one, and starts over without end. All of them have been tried here: for the
 * moment of the failure there is only one.
 */
async function failingSocket(options: PostgresJsOptions, error: unknown): Promise<unknown> {
  const { Duplex } = await import("node:stream");
  const socket = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() });
  setTimeout(() => {
    const { host } = options;
    options.host = host.slice(0, 1);
    socket.emit("error", error);
    options.host = host;
    socket.emit("close", false);
  }, 0);
  return socket;
}

const timeoutError = (limitMs: number): CredentialError =>
  new CredentialError(`No connection with a valid credential within ${limitMs} ms.`, {
    code: "TIMEOUT",
    isRetryable: true,
  });
