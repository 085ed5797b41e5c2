import { CredentialError } from "./errors.ts";
import type { PasswordProvider } from "./password-provider.ts";
import { keepAlive, untilAborted, withDeadline } from "./timers.ts";

/** The options that postgres.js hands to its `socket` factory. */
interface PostgresJsOptions {
  readonly host: readonly string[];
  readonly port: readonly number[];
  readonly path?: string | false;
  /** Seconds. */
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
  let attempts = 0;

  const socket: SocketFactory = (options) => {
    const limitMs = (options.connect_timeout ?? 30) * 1000;
    const index = attempts++ % options.port.length;
    const connecting = withDeadline(
      limitMs,
      undefined,
      () => timeoutError(limitMs),
      async (signal) => {
        minted = await provider({ signal });
        return await connect(options, index, signal);
      },
    );
    return keepAlive(connecting);
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

async function connect(options: PostgresJsOptions, index: number, signal: AbortSignal): Promise<unknown> {
  // postgres.js runs on Node's sockets; nothing else of this package does.
  const { createConnection } = await import("node:net");
  const [host, port] = [options.host[index] ?? "localhost", options.port[index] ?? 5432];
  const socket = typeof options.path === "string" ? createConnection(options.path) : createConnection({ host, port });
  try {
    await untilAborted(
      new Promise<void>((resolve, reject) => {
        socket.once("connect", resolve);
        socket.once("error", reject);
      }),
      signal,
    );
  } catch (error) {
    socket.destroy();
    throw error;
  }
  socket.removeAllListeners();
  // Where postgres.js takes the TLS server name from.
  return Object.assign(socket, { host, port });
}

const timeoutError = (limitMs: number): CredentialError =>
  new CredentialError(`No connection with a valid credential within ${limitMs} ms.`, {
    code: "TIMEOUT",
    isRetryable: true,
  });
