import { generate } from "selfsigned";

export interface Certificate {
  /** PEM of the authority that signed `cert`. */
  ca: string;
  cert: string;
  key: string;
}

/**
 * A server certificate for localhost and 127.0.0.1 under an authority of its own. Two certificates, because some TLS
 * stacks (rustls, so Deno) refuse a server certificate that is its own authority.
 */
export async function createCertificate(): Promise<Certificate> {
  const dates = {
    // A clock that is set back during a test must not make the certificate invalid.
    notBeforeDate: new Date(Date.now() - 7 * 86_400_000),
    notAfterDate: new Date(Date.now() + 365 * 86_400_000),
  };
  const common = { keyType: "ec", curve: "P-256", algorithm: "sha256", ...dates } as const;
  const authority = await generate([{ name: "commonName", value: "Lakebase emulator CA" }], {
    ...common,
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const server = await generate([{ name: "commonName", value: "localhost" }], {
    ...common,
    ca: { key: authority.private, cert: authority.cert },
    extensions: [
      { name: "basicConstraints", cA: false, critical: true },
      { name: "keyUsage", digitalSignature: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      {
        name: "subjectAltName",
        altNames: [
          { type: 2, value: "localhost" },
          { type: 7, ip: "127.0.0.1" },
        ],
      },
    ],
  });
  return { ca: authority.cert, cert: server.cert, key: server.private };
}
