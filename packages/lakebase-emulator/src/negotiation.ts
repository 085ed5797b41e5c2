import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type SecureContext, TLSSocket } from "node:tls";
import {
  CANCEL_REQUEST,
  GSSENC_REQUEST,
  readExactly,
  readPacketRest,
  SSL_REQUEST,
  TLS_HANDSHAKE,
} from "./startup-packet.ts";

/** What a client wants, after TLS was negotiated (or not). */
export interface Conversation {
  stream: Duplex;
  /** The startup or cancel packet, whole, as the client sent it. */
  packet: Buffer;
  isCancel: boolean;
  isEncrypted: boolean;
  serverName: string | undefined;
}

/** Answers GSSENCRequest and SSLRequest, or takes direct TLS, and reads the first real packet. */
export async function openConversation(
  socket: Socket,
  context: SecureContext,
  track: (stream: Duplex) => void,
): Promise<Conversation> {
  let stream: Duplex = socket;
  let tls: TLSSocket | undefined;
  for (;;) {
    const head = await readExactly(stream, 8);
    const code = head.readInt32BE(4);
    if (tls === undefined && head[0] === TLS_HANDSHAKE) {
      socket.unshift(head);
      tls = await secure(socket, context, track);
      // As in Postgres: direct TLS without this protocol name may be an attack across protocols.
      if (tls.alpnProtocol !== "postgresql") throw new Error("direct TLS without the ALPN protocol postgresql");
      stream = tls;
    } else if (tls === undefined && code === SSL_REQUEST) {
      // Bytes that came in the clear must not be taken for bytes from inside TLS.
      if (socket.readableLength > 0) throw new Error("data before the TLS handshake");
      socket.write("S");
      tls = await secure(socket, context, track);
      stream = tls;
    } else if (code === GSSENC_REQUEST) {
      stream.write("N");
    } else {
      return {
        stream,
        packet: await readPacketRest(stream, head),
        isCancel: code === CANCEL_REQUEST,
        isEncrypted: tls !== undefined,
        serverName: tls === undefined ? undefined : serverNameOf(tls),
      };
    }
  }
}

function serverNameOf(tls: TLSSocket): string | undefined {
  // On the server side Node sets it to false when the client sent none.
  const { servername } = tls as { servername?: string | false | null };
  return typeof servername === "string" && servername !== "" ? servername : undefined;
}

function secure(socket: Socket, context: SecureContext, track: (stream: Duplex) => void): Promise<TLSSocket> {
  const tls = new TLSSocket(socket, { isServer: true, secureContext: context, ALPNProtocols: ["postgresql"] });
  track(tls);
  return new Promise((resolve, reject) => {
    tls.once("secure", () => resolve(tls));
    tls.once("close", () => reject(new Error("the TLS handshake failed")));
    tls.once("_tlsError", (error: Error) => {
      tls.destroy();
      reject(error);
    });
  });
}
