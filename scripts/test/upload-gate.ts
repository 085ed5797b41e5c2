import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What becomes of an upload: it goes through, it never arrives, or it arrives and its sender never hears so. */
export type Verdict = "pass" | "lose" | "silence";

/** A way to a registry that looks at every upload first. */
export interface UploadGate extends AsyncDisposable {
  readonly url: string;
  /** Called with each upload, before anything of it reaches the registry; for `silence`, again when it has. */
  judge: (path: string, isStored: boolean) => Verdict;
}

export async function startUploadGate(target: string): Promise<UploadGate> {
  const server = createServer((incoming, outgoing) => {
    const path = decodeURIComponent(incoming.url ?? "/");
    const verdict = incoming.method === "PUT" ? gate.judge(path, false) : "pass";
    if (verdict === "lose") return;
    forward(target, incoming, outgoing, () => {
      if (verdict === "pass") return true;
      gate.judge(path, true);
      return false;
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const gate: UploadGate = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    judge: () => "pass",
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return gate;
}

function forward(target: string, incoming: IncomingMessage, outgoing: ServerResponse, mayAnswer: () => boolean): void {
  const { method, headers, url } = incoming;
  // The registry names its tarballs by the host it is asked for: the gate's, so that these come through here too.
  const options = { method: method ?? "GET", headers };
  const onward = request(new URL(url ?? "/", target), options, (answer) => {
    if (mayAnswer()) answer.pipe(outgoing.writeHead(answer.statusCode ?? 502, answer.headers));
    else answer.resume();
  });
  onward.on("error", (error) => outgoing.destroy(error));
  incoming.pipe(onward);
}
