import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/** A page in a headless browser that reaches loopback only: its one way out is a proxy that knows nothing else. */
export interface Browser extends AsyncDisposable {
  readonly page: Page;
  /** The host of every request of the page. What the browser asks its makers for, on its own, is not among them. */
  readonly pageHosts: ReadonlySet<string>;
  /** The host of every request that the proxy let through. */
  readonly passedHosts: ReadonlySet<string>;
}

export async function openBrowser(): Promise<Browser> {
  const pageHosts = new Set<string>();
  const passedHosts = new Set<string>();
  const proxy = createServer((incoming, outgoing) => {
    const { host, hostname } = new URL(incoming.url ?? "/", "http://localhost");
    if (hostname !== "127.0.0.1") {
      outgoing.writeHead(403).end();
      return;
    }
    passedHosts.add(host);
    const onward = request(incoming.url ?? "/", { method: incoming.method, headers: incoming.headers }, (answer) =>
      answer.pipe(outgoing.writeHead(answer.statusCode ?? 502, answer.headers)),
    );
    incoming.pipe(onward).on("error", () => outgoing.destroy());
  });
  proxy.on("connect", (_request, socket) => socket.end("HTTP/1.1 403 Forbidden\r\n\r\n"));
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const browser = await chromium.launch({
    executablePath: findBrowser() ?? installBrowser(),
    args: [
      "--no-sandbox",
      "--disable-background-networking",
      "--disable-component-update",
      `--proxy-server=127.0.0.1:${(proxy.address() as AddressInfo).port}`,
      // Without this it would take the short way to loopback.
      "--proxy-bypass-list=<-loopback>",
    ],
  });
  const page = await browser.newPage();
  page.on("request", (asked) => pageHosts.add(new URL(asked.url()).host));
  return {
    page,
    pageHosts,
    passedHosts,
    async [Symbol.asyncDispose]() {
      await browser.close();
      const closed = once(proxy, "close");
      proxy.close();
      proxy.closeAllConnections();
      await closed;
    },
  };
}

function findBrowser(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(":");
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path));
}

/** From the distribution, when that needs nobody's password; a second test run waits for the first one's. */
function installBrowser(): string {
  if (process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) {
    const apt = (...args: string[]): Buffer =>
      execFileSync("apt-get", ["-o", "DPkg::Lock::Timeout=300", ...args], {
        stdio: "pipe",
        env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
      });
    apt("update");
    apt("install", "--yes", "--no-install-recommends", "chromium");
  }
  const found = findBrowser();
  if (found === undefined)
    throw new Error(`No browser: install the package "chromium" (looked for ${NAMES.join(", ")} in PATH)`);
  return found;
}
