import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createSecureContext } from "node:tls";
import { setTimeout as delay } from "node:timers/promises";
import type { Certificate } from "./certificate.ts";
import type { Counters } from "./counters.ts";
import type { FaultPlans, LoginFault } from "./faults.ts";
import { checkLogin, insecureConnection, type LoginRules, NO_SERVER_NAME } from "./login.ts";
import { openConversation } from "./negotiation.ts";
import { ASK_PASSWORD, errorResponse, type LoginError, readPassword, startupParameters } from "./startup-packet.ts";

export interface FrontDoorOptions {
  port: number;
  /** Unix socket of the Postgres behind. */
  backendSocket: string;
  certificate: Certificate;
  rules: LoginRules;
  requireSni: boolean;
  counters: Counters;
  faults: FaultPlans<LoginFault>;
}

export interface FrontDoor {
  port: number;
  /** Server name (SNI) of the last TLS handshake; `undefined` if it had none. */
  lastSni: string | undefined;
  refuse: boolean;
  /** Puts the endpoint to sleep: the next login wakes it, and logins wait this many ms from then on. */
  wakeUpDelayMs: number;
  openConnections(): number;
  cutConnections(): number;
  close(): Promise<void>;
}

/** The only way in from outside: TLS, a password that is checked as a token, then a pipe to Postgres. */
export async function openFrontDoor(options: FrontDoorOptions): Promise<FrontDoor> {
  const { counters } = options;
  const { cert, key } = options.certificate;
  const context = createSecureContext({ cert, key });
  const sockets = new Set<Duplex>();
  const sessions = new Set<Duplex>();
  const closing = new AbortController();
  let wakeUpDelayMs = 0;
  let awake: Promise<void> | undefined;

  const track = (socket: Duplex): void => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    // Whoever waits for the socket hears of it by "close".
    socket.on("error", () => socket.destroy());
  };

  const server = createServer({ noDelay: true }, (socket) => {
    counters.connections += 1;
    track(socket);
    if (door.refuse) {
      counters.connectionsRefused += 1;
      socket.resetAndDestroy();
      return;
    }
    welcome(socket).catch(() => socket.destroy());
  });

  async function welcome(socket: Socket): Promise<void> {
    const { stream, packet, isEncrypted, isCancel, serverName } = await openConversation(socket, context, track);
    if (isEncrypted) door.lastSni = serverName;
    const hasName = serverName !== undefined || !options.requireSni;

    if (isCancel) {
      if (!isEncrypted || !hasName) {
        counters.cancelsRefused += 1;
        stream.destroy();
        return;
      }
      counters.cancels += 1;
      await forwardCancel(stream, packet);
      return;
    }

    const parameters = startupParameters(packet);
    const user = parameters.get("user") ?? "";
    if (!isEncrypted) {
      reject(stream, insecureConnection(options.rules.errorStyle, user, parameters.get("database") ?? user));
      return;
    }
    if (!hasName) return reject(stream, NO_SERVER_NAME);

    stream.write(ASK_PASSWORD);
    const password = await readPassword(stream);
    const fault = options.faults.take("login")?.fault;
    if (fault === "hang") return;
    const error =
      fault === undefined
        ? checkLogin(user, password, options.rules)
        : { severity: "ERROR" as const, sqlState: "XX000", ...fault };
    if (error !== undefined) return reject(stream, error);

    counters.logins += 1;
    sessions.add(stream);
    stream.on("close", () => sessions.delete(stream));
    if (wakeUpDelayMs > 0) {
      awake ??= delay(wakeUpDelayMs, undefined, { signal: closing.signal });
      await awake;
    }
    if (stream.destroyed) return;
    const backend = connect(options.backendSocket);
    backend.write(packet);
    join(stream, backend);
  }

  function reject(stream: Duplex, error: LoginError): void {
    counters.loginsRejected += 1;
    stream.end(errorResponse(error));
  }

  function join(client: Duplex, backend: Socket): void {
    track(backend);
    // pipe() keeps backpressure and passes an orderly end on; a broken side takes the other with it.
    client.pipe(backend).pipe(client);
    client.on("close", () => backend.destroy());
    backend.on("close", () => (backend.errored === null ? client.end() : client.destroy()));
  }

  async function forwardCancel(stream: Duplex, packet: Buffer): Promise<void> {
    const backend = connect(options.backendSocket);
    track(backend);
    backend.end(packet);
    backend.resume();
    await once(backend, "close");
    stream.end();
  }

  const door: FrontDoor = {
    port: 0,
    lastSni: undefined,
    refuse: false,
    get wakeUpDelayMs() {
      return wakeUpDelayMs;
    },
    set wakeUpDelayMs(delayMs) {
      wakeUpDelayMs = delayMs;
      awake = undefined;
    },
    openConnections: () => sessions.size,
    cutConnections() {
      const cut = sessions.size;
      for (const socket of sockets) socket.destroy();
      return cut;
    },
    async close() {
      closing.abort();
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };

  server.listen(options.port, "127.0.0.1");
  await once(server, "listening");
  door.port = (server.address() as AddressInfo).port;
  return door;
}
