import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { TLSSocket } from "node:tls";

/** What a login through a scripted server looked like. */
export interface Login {
  readonly user: string;
  /** The reply to the greeting, before any switch: a scramble, or a password in the clear. */
  readonly first: Buffer;
  /** The reply to an AuthSwitchRequest or a wish for the full password. */
  readonly second: Buffer | undefined;
  readonly isEncrypted: boolean;
}

export interface ScriptedLogin {
  readonly port: number;
  readonly logins: readonly Login[];
  close(): Promise<void>;
}

export interface Script {
  /** Announced in the greeting. */
  readonly plugin: string;
  /** Without it the server has no TLS. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Asks for another way to log in, as MySQL does for accounts of another plugin. */
  readonly switchTo?: string;
  /** Whether caching_sha2_password finds the scramble in its cache. */
  readonly isCached?: boolean;
  /** Refused with 1045 if false. */
  readonly accepts: (login: Login) => boolean;
}

const nonce = Buffer.from("abcdefghijklmnopqrst");
const capabilities = 0x1 | 0x2 | 0x8 | 0x200 | 0x800 | 0x2000 | 0x8000 | 0x20000 | 0x80000 | 0x100000 | 0x200000;
const sslFlag = 0x800;

/**
 * A MySQL server as far as the end of the login, for the ways to log in that MariaDB has not; afterwards it
 * refuses every statement with NOT_FOUND. Written from the protocol's description, since mysql2's own server has neither TLS nor switches.
 */
export async function scriptLogin(script: Script): Promise<ScriptedLogin> {
  const logins: Login[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    void converse(socket, script, logins).catch(() => socket.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as { port: number }).port,
    logins,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

async function converse(plain: Socket, script: Script, logins: Login[]): Promise<void> {
  const { plugin, tls, switchTo, isCached = true, accepts } = script;
  send(plain, 0, greeting(plugin, tls === undefined ? capabilities & ~sslFlag : capabilities));
  let socket = plain;
  let packets = reader(socket);
  let reply = await packets();
  let sequence = 2;
  if (tls && (reply.readUInt32LE(0) & sslFlag) !== 0) {
    socket = new TLSSocket(plain, { isServer: true, ...tls });
    socket.on("error", () => undefined);
    packets = reader(socket);
    reply = await packets();
    sequence = 3;
  }
  const end = reply.indexOf(0, 32);
  const user = reply.toString("utf8", 32, end);
  const first = reply.subarray(end + 2, end + 2 + (reply[end + 1] ?? 0));
  let second: Buffer | undefined;
  const ask = async (payload: Buffer): Promise<void> => {
    send(socket, sequence, payload);
    second = await packets();
    sequence += 2;
  };
  if (switchTo !== undefined)
    await ask(Buffer.concat([Buffer.of(0xfe), Buffer.from(`${switchTo}\0`), nonce, Buffer.of(0)]));
  else if (plugin === "caching_sha2_password") {
    if (isCached) {
      send(socket, sequence, Buffer.of(1, 3));
      sequence += 1;
    } else await ask(Buffer.of(1, 4));
  }
  const login = { user, first, second, isEncrypted: socket !== plain };
  logins.push(login);
  if (!accepts(login)) {
    send(socket, sequence, refusal(1045, "28000", "Access denied"));
    socket.end();
    return;
  }
  send(socket, sequence, ok);
  for (;;) {
    const command = await packets();
    if (command[0] === quit) break;
    send(socket, 1, command[0] === prepare ? refusal(1146, "42S02", "The script has no tables") : ok);
  }
  socket.end();
}

const [quit, prepare] = [0x01, 0x16];

function refusal(errno: number, sqlState: string, message: string): Buffer {
  return Buffer.concat([Buffer.of(0xff, errno & 0xff, errno >> 8), Buffer.from(`#${sqlState}${message}`)]);
}

const ok = Buffer.of(0, 0, 0, 2, 0, 0, 0);

function greeting(plugin: string, flags: number): Buffer {
  const head = Buffer.alloc(18);
  head.writeUInt16LE(flags & 0xffff, 0);
  head[2] = 45;
  head.writeUInt16LE(2, 3);
  head.writeUInt16LE(flags >>> 16, 5);
  head[7] = nonce.length + 1;
  return Buffer.concat([
    Buffer.of(10),
    Buffer.from("8.4.0\0"),
    Buffer.of(7, 0, 0, 0),
    nonce.subarray(0, 8),
    Buffer.of(0),
    head,
    nonce.subarray(8),
    Buffer.of(0),
    Buffer.from(`${plugin}\0`),
  ]);
}

function send(socket: Socket, sequence: number, payload: Buffer): void {
  const header = Buffer.alloc(4);
  header.writeUIntLE(payload.length, 0, 3);
  header[3] = sequence;
  socket.write(Buffer.concat([header, payload]));
}

/** The packets of a socket, one by one. It stops listening between them, so that TLS can take over. */
function reader(socket: Socket): () => Promise<Buffer> {
  return async () => {
    const header = await exactly(socket, 4);
    return exactly(socket, header.readUIntLE(0, 3));
  };
}

async function exactly(socket: Socket, length: number): Promise<Buffer> {
  if (length === 0) return Buffer.alloc(0);
  for (;;) {
    const chunk = socket.read(length) as Buffer | null;
    if (chunk) return chunk;
    if (socket.readableEnded || socket.destroyed) throw new Error("The client is gone");
    const heard = new AbortController();
    const { signal } = heard;
    const events = [once(socket, "readable", { signal }), once(socket, "close", { signal })];
    await Promise.race(events).finally(() => heard.abort());
    await Promise.allSettled(events);
  }
}

/** What caching_sha2_password sends instead of the password. */
export function sha2Scramble(password: string): Buffer {
  const hash = (...parts: Buffer[]): Buffer => createHash("sha256").update(Buffer.concat(parts)).digest();
  const once = hash(Buffer.from(password));
  const mask = hash(hash(once), nonce);
  return Buffer.from(once.map((byte, index) => byte ^ (mask[index] ?? 0)));
}
