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

/** Resolves to a connected socket; what it rejects with becomes the query's error. */
export type SocketFactory = (options: PostgresJsOptions) => Promise<unknown>;

/**
 * postgres.js awaits `pass` where nothing catches a rejection, so that a failed mint would end the process.
 * An error of its `socket` factory does reach the query: the credential is obtained there, before connecting.
 */
export function createSocketFactory(provider: PasswordProvider): { socket: SocketFactory; password: PasswordProvider } {
  let minted: string | undefined;
  let turn = 0;

  const open = async (options: PostgresJsOptions, signal: AbortSignal): Promise<Socket> => {
    minted = await provider({ signal }).catch((error: unknown) => {
      // postgres.js attaches the query and its parameters to an error; that of a failed mint is everybody's.
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
      surfaceError(options);
      throw error;
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
  return socket.removeAllListeners();
}

/**
 * With several hosts postgres.js drops an error in silence, because it believes that it will try the next one: the
 * query would wait for ever. All of them have been tried here, so for the moment of the throw there is only one.
 */
function surfaceError(options: PostgresJsOptions): void {
  const { host } = options;
  if (host.length < 2) return;
  options.host = host.slice(0, 1);
  setTimeout(() => (options.host = host), 0);
}

const timeoutError = (limitMs: number): CredentialError =>
  new CredentialError(`No connection with a valid credential within ${limitMs} ms.`, {
    code: "TIMEOUT",
    isRetryable: true,
  });
