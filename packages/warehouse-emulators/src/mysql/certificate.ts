import { generate } from "selfsigned";

/** A server certificate for localhost, and 127.0.0.1 unless told otherwise, under an authority of its own. */
export async function createCertificate(hasAddress = true): Promise<{ ca: string; cert: string; key: string }> {
  const common = { keyType: "ec", curve: "P-256", algorithm: "sha256" } as const;
  const authority = await generate([{ name: "commonName", value: "data-source-mysql test CA" }], {
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
        altNames: [{ type: 2, value: "localhost" }, ...(hasAddress ? [{ type: 7, ip: "127.0.0.1" } as const] : [])],
      },
    ],
  });
  return { ca: authority.cert, cert: server.cert, key: server.private };
}
