/** Requests received per route, whatever came of them, and what happened at the database's front door. */
export interface Counters {
  discovery: number;
  token: number;
  tokenExchange: number;
  mintAutoscaling: number;
  mintProvisioned: number;
  scimMe: number;
  /** Requests to any other path or method. */
  notFound: number;
  /** TCP connections accepted at the database port, cancel requests and refused ones included. */
  connections: number;
  /** Connections that were reset because `refuseConnections(true)` was in force. */
  connectionsRefused: number;
  /** Logins whose token was accepted. */
  logins: number;
  /** Logins turned away: no TLS, no server name, a bad token, or a login fault. */
  loginsRejected: number;
  /** Cancel requests forwarded to Postgres. */
  cancels: number;
  /** Cancel requests that came without TLS or without a server name, and were dropped. */
  cancelsRefused: number;
}

export function createCounters(): Counters {
  return {
    discovery: 0,
    token: 0,
    tokenExchange: 0,
    mintAutoscaling: 0,
    mintProvisioned: 0,
    scimMe: 0,
    notFound: 0,
    connections: 0,
    connectionsRefused: 0,
    logins: 0,
    loginsRejected: 0,
    cancels: 0,
    cancelsRefused: 0,
  };
}
