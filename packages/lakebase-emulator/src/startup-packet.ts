import type { Duplex } from "node:stream";

/** Codes that stand where a startup packet has its protocol version. */
export const SSL_REQUEST = 80_877_103;
export const CANCEL_REQUEST = 80_877_102;
export const GSSENC_REQUEST = 80_877_104;
/** First byte of a TLS ClientHello: the client skips the SSLRequest (`sslnegotiation=direct`). */
export const TLS_HANDSHAKE = 0x16;

const MAX_PACKET_BYTES = 65_536;

/** Exactly `size` bytes, leaving what follows in the stream; rejects when the stream ends before. */
export async function readExactly(stream: Duplex, size: number): Promise<Buffer> {
  // Takes all there is and puts the rest back: a part left in the stream would make it "readable" again at once, for ever.
  const chunks: Buffer[] = [];
  let length = 0;
  while (length < size) {
    const chunk = stream.read() as Buffer | null;
    if (chunk === null) {
      await readable(stream);
    } else {
      chunks.push(chunk);
      length += chunk.length;
    }
  }
  const bytes = Buffer.concat(chunks);
  if (length > size) stream.unshift(bytes.subarray(size));
  return bytes.subarray(0, size);
}

function readable(stream: Duplex): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error): void => {
      stream.off("readable", onReadable).off("end", onEnd).off("close", onEnd).off("error", done);
      if (error === undefined) resolve();
      else reject(error);
    };
    const onReadable = (): void => done();
    const onEnd = (): void => done(new Error("the connection ended before a message was complete"));
    if (stream.readableEnded || stream.destroyed) return onEnd();
    stream.on("readable", onReadable).on("end", onEnd).on("close", onEnd).on("error", done);
  });
}

/** The rest of a packet whose first eight bytes, length and code, have been read. */
export async function readPacketRest(stream: Duplex, head: Buffer): Promise<Buffer> {
  const length = head.readInt32BE(0);
  if (length < 8 || length > MAX_PACKET_BYTES) throw new Error("the startup packet has an impossible length");
  return length === 8 ? head : Buffer.concat([head, await readExactly(stream, length - 8)]);
}

/** Parameters of a StartupMessage, such as `user` and `database`. */
export function startupParameters(packet: Buffer): Map<string, string> {
  const words = packet.subarray(8).toString("utf8").split("\0");
  const parameters = new Map<string, string>();
  for (let i = 0; i + 1 < words.length; i += 2) {
    const name = words[i];
    if (name === undefined || name === "") break;
    parameters.set(name, words[i + 1] ?? "");
  }
  return parameters;
}

/** Text of the PasswordMessage that the client sends next. */
export async function readPassword(stream: Duplex): Promise<string> {
  const head = await readExactly(stream, 5);
  const length = head.readInt32BE(1);
  if (head[0] !== 0x70 || length < 5 || length > MAX_PACKET_BYTES) throw new Error("expected a password message");
  const body = await readExactly(stream, length - 4);
  return body.subarray(0, -1).toString("utf8");
}

/** AuthenticationCleartextPassword. */
export const ASK_PASSWORD: Buffer = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]);

export interface LoginError {
  severity: "ERROR" | "FATAL";
  sqlState: string;
  message: string;
}

export function errorResponse({ severity, sqlState, message }: LoginError): Buffer {
  const fields = Buffer.from(`S${severity}\0V${severity}\0C${sqlState}\0M${message}\0\0`);
  const head = Buffer.alloc(5);
  head.write("E");
  head.writeInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
}
