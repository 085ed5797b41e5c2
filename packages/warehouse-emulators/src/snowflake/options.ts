export interface EmulatedUser {
  readonly name: string;
  readonly password?: string;
  /** PEM. A key pair login's JWT must be signed by its private key. */
  readonly publicKey?: string;
  /** Programmatic access tokens that are accepted. */
  readonly accessTokens?: readonly string[];
  /** Default `SYSADMIN`. */
  readonly defaultRole?: string;
}

/** A privilege as `SHOW GRANTS TO ROLE` lists it. */
export interface EmulatedGrant {
  readonly privilege: string;
  readonly grantedOn: string;
  readonly name: string;
}

export interface SnowflakeEmulatorOptions {
  /** Default one user, `TESTER` with password `tester-password`. */
  readonly users?: readonly EmulatedUser[];
  /** Default `SYSADMIN`, which may write, and `READER`, which may not. */
  readonly roles?: Readonly<Record<string, readonly EmulatedGrant[]>>;
  /** Milliseconds since 1970, for everything that expires. Default the system's clock. */
  readonly now?: () => number;
  /** Default 1 h. */
  readonly sessionTokenTtlMs?: number;
  /** Default 4 h. */
  readonly masterTokenTtlMs?: number;
  /** How long a request waits for a statement before it gets an in-progress reply. Default 45 s, as the service. */
  readonly inProgressAfterMs?: number;
  /** Rows in the reply itself; the rest comes in chunks. Default 10,000. */
  readonly inlineRows?: number;
  /** Rows in a chunk. Default 10,000. */
  readonly chunkRows?: number;
}

export const defaultUser: EmulatedUser = { name: "TESTER", password: "tester-password" };

export const defaultRoles: Readonly<Record<string, readonly EmulatedGrant[]>> = {
  SYSADMIN: [
    { privilege: "OWNERSHIP", grantedOn: "DATABASE", name: "DEMO" },
    { privilege: "USAGE", grantedOn: "WAREHOUSE", name: "DEMO_WH" },
  ],
  READER: [
    { privilege: "USAGE", grantedOn: "DATABASE", name: "DEMO" },
    { privilege: "SELECT", grantedOn: "TABLE", name: "DEMO.PUBLIC.T" },
  ],
};
