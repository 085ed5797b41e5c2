export { cachedTokenProvider } from "./providers/cached.ts";
export { databricksSdkTokenProvider } from "./providers/databricks-sdk.ts";
export { externalTokenProvider } from "./providers/external.ts";
export { federatedTokenProvider } from "./providers/federated.ts";
export { m2mTokenProvider } from "./providers/m2m.ts";
export { staticTokenProvider } from "./providers/static.ts";

export type { CachedTokenProvider, CachedTokenProviderOptions } from "./providers/cached.ts";
export type {
  DatabricksSdkOptions,
  DatabricksSdkTokenProvider,
  WorkspaceClientLike,
} from "./providers/databricks-sdk.ts";
export type { ExternalToken } from "./providers/external.ts";
export type { FederationOptions } from "./providers/federated.ts";
export type { M2mOptions } from "./providers/m2m.ts";
export type { TokenProvider, WorkspaceToken } from "./token-provider.ts";
