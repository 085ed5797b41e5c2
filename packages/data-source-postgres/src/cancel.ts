import { once } from "node:events";
import { connect as connectSocket, isIP, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from "node:tls";

/** Where a session lives, and what names it to the server. */
export interface CancelTarget {
  /** The address that the session is connected to: another of the host's may be another server. */
  readonly address: string;
  /** For a unix socket, its file is derived from these two. */
  readonly host: string;
  readonly port: number;
  readonly ssl: false | ConnectionOptions;
  readonly processId: number;
  readonly secretKey: number;
}

/**
 * Asks the server to stop what a session is doing, over a connection of its own, under the session's TLS settings and
 * server name: pg's own `cancel` sends the key in the clear and without SNI. Fulfils when the server has closed that
 * connection, by when it has passed the signal on; that the session has stopped only its ReadyForQuery tells.
 * Fulfils too when the signal ends the wait: the request is sent, and may arrive whenever it likes. Rejects if nothing
 * was sent.
 */
export async function sendCancelRequest(target: CancelTarget, signal: AbortSignal): Promise<void> {
  const { host, port, address, ssl } = target;
  const plain = host.startsWith("/") ? connectSocket(`${host}/.s.PGSQL.${port}`) : connectSocket(port, address);
  const stop = (): void => void plain.destroy();
  signal.addEventListener("abort", stop);
  try {
    signal.throwIfAborted();
    await once(plain, "connect", { signal });
    const socket = ssl === false ? plain : await requestTls(plain, host, ssl, signal);
    // After a failure while closing, the request may well have arrived.
    socket.on("error", () => undefined);
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.resume();
    socket.write(cancelRequest(target));
    await closed;
  } finally {
    signal.removeEventListener("abort", stop);
    plain.destroy();
  }
}

/** From a connected socket to a verified TLS one, as the server's protocol negotiates it. */
export async function requestTls(
  plain: Socket,
  host: string,
  ssl: ConnectionOptions,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const request = Buffer.alloc(8);
  request.writeInt32BE(8, 0);
  request.writeInt32BE(80877103, 4);
  plain.write(request);
  const [answer] = (await once(plain, "data", { signal })) as [Buffer];
  if (answer.toString("latin1") !== "S") throw new Error("The server does not support TLS");
  const name = isIP(host) === 0 ? { servername: host } : {};
  const secure = connectTls({ socket: plain, host, ...ssl, ...name });
  await once(secure, "secureConnect", { signal });
  return secure;
}

function cancelRequest({ processId, secretKey }: CancelTarget): Buffer {
  const request = Buffer.alloc(16);
  request.writeInt32BE(16, 0);
  request.writeInt32BE(80877102, 4);
  request.writeInt32BE(processId, 8);
  request.writeInt32BE(secretKey, 12);
  return request;
}
