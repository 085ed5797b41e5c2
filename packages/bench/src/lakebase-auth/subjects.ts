import { getLakebasePgConfig } from "@databricks/lakebase";
import { createPasswordProvider, getPgConfig, type WorkspaceClientLike } from "@org/lakebase-auth";

export interface Token {
  readonly token: string;
  readonly expireTime: string;
}

/** A password function of ours and of the peer, over the same source of credentials. */
export interface Subject {
  readonly name: string;
  create(mint: () => Promise<Token>): () => Promise<string>;
}

const connection = {
  host: "ep.example.com",
  database: "db",
  user: "user",
  endpoint: "projects/p/branches/b/endpoints/e",
};

const ours = (refresh: "eager" | "lazy"): Subject => ({
  name: `@org/lakebase-auth, ${refresh}`,
  create: (mint) =>
    createPasswordProvider({
      refresh,
      fetchCredential: async () => {
        const { token, expireTime } = await mint();
        return { token, expiresAt: expireTime };
      },
    }),
});

const peer: Subject = {
  name: "@databricks/lakebase 0.6.0",
  create: (mint) => {
    const apiClient = {
      request: async () => {
        const { token, expireTime } = await mint();
        return { token, expire_time: expireTime };
      },
    };
    return peerPassword({ apiClient });
  },
};

export const subjects: readonly Subject[] = [ours("eager"), ours("lazy"), peer];

/** The peer's password function over a workspace client. */
export function peerPassword(workspaceClient: object, endpoint: string = connection.endpoint): () => Promise<string> {
  const logger = { debug: noop, info: noop, warn: noop, error: noop };
  const config = { ...connection, endpoint, workspaceClient: workspaceClient as never };
  const { password } = getLakebasePgConfig(config, undefined, logger);
  if (typeof password !== "function") throw new TypeError("the peer returned no password function");
  return async () => await password();
}

/** Ours, over the SDK's client, as somebody who comes from the peer has it. */
export const ourPassword = (workspaceClient: WorkspaceClientLike, endpoint: string) =>
  getPgConfig({ ...connection, endpoint, workspaceClient }).password;

const noop = (): void => {};
