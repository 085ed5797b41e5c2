import { execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A registry on loopback that has the third-party packages of the configured one, and ours when they are published. */
export interface LocalRegistry extends AsyncDisposable {
  readonly url: string;
  /** What makes npm and pnpm use it, and nothing of the user's own configuration. */
  readonly env: NodeJS.ProcessEnv;
}

/** @param folder Where it keeps everything; the caller removes it. */
export async function startLocalRegistry(folder: string, scope: string): Promise<LocalRegistry> {
  mkdirSync(folder, { recursive: true });
  const uplink = execFileSync("npm", ["config", "get", "registry"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const child = fork(join(import.meta.dirname, "verdaccio-process.ts"), {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const exited = once(child, "exit");
  child.send({
    storage: join(folder, "storage"),
    configPath: join(folder, "config.yaml"),
    self_path: join(folder, "config.yaml"),
    auth: { htpasswd: { file: join(folder, "htpasswd"), max_users: -1 } },
    uplinks: { configured: { url: uplink.trim(), cache: false, timeout: "60s" } },
    packages: {
      [`${scope}/*`]: { access: "$all", publish: "$all" },
      "**": { access: "$all", proxy: "configured" },
    },
    log: { type: "stdout", level: "fatal" },
    max_body_size: "50mb",
  });
  const [port] = (await once(child, "message")) as [number];
  const url = `http://127.0.0.1:${port}/`;
  return {
    url,
    env: environmentFor(folder, url),
    async [Symbol.asyncDispose]() {
      child.kill();
      await exited;
    },
  };
}

/** The environment of a user who has configured one registry and nothing else. */
export function environmentFor(folder: string, registry: string): NodeJS.ProcessEnv {
  const userConfig = join(folder, `npmrc-${new URL(registry).port}`);
  writeFileSync(userConfig, `registry=${registry}\n${registry.replace("http:", "")}:_authToken=fake\n`);
  const kept = Object.entries(process.env).filter(([name]) => !/^(?:npm_|pnpm_|CI$|NODE_OPTIONS|VITEST)/i.test(name));
  return {
    ...Object.fromEntries(kept),
    NPM_CONFIG_USERCONFIG: userConfig,
    npm_config_cache: join(folder, "npm-cache"),
  };
}
