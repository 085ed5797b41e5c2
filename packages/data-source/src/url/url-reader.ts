import { ConfigurationError } from "@org/data-source-core";

/** The parts of a URL, decoded. Every error names the variable or option and shows nothing of its text. */
export interface UrlReader {
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly host: string | undefined;
  readonly port: string | undefined;
  /** Without the first slash. */
  readonly path: string;
  /** What follows the question mark: each name at most once, and none that is not listed. */
  params<const Name extends string>(known: readonly Name[]): { readonly [N in Name]?: string };
  wholeNumber(name: string, text: string): number;
  /** To be thrown. */
  error(message: string): ConfigurationError;
}

export const urlError = (field: string, message: string): ConfigurationError =>
  new ConfigurationError(`${field} ${message}`, field);

export function createUrlReader(url: URL, field: string): UrlReader {
  const error = (message: string): ConfigurationError => urlError(field, message);
  const decoded = (text: string): string => {
    try {
      return decodeURIComponent(text);
    } catch {
      throw error("has a % that begins no %-encoded character; write %25 for a % sign");
    }
  };
  const part = (text: string): string | undefined => (text === "" ? undefined : decoded(text));
  return {
    user: part(url.username),
    password: part(url.password),
    host: part(url.hostname),
    port: part(url.port),
    path: decoded(url.pathname.slice(1)),
    error,
    wholeNumber: (name, text) => {
      if (/^\d{1,15}$/.test(text)) return Number(text);
      throw error(`has a ${name} that is not a whole number`);
    },
    params: <const Name extends string>(known: readonly Name[]) => {
      const params: { [N in Name]?: string } = {};
      for (const [given, value] of url.searchParams) {
        const name = known.find((each) => each === given);
        // The name itself may be a piece of a password.
        if (name === undefined) throw error(`has a parameter that is not known; known: ${known.join(", ")}`);
        if (params[name] !== undefined) throw error(`has ${name} twice`);
        if (value === "") throw error(`has an empty ${name}`);
        params[name] = value;
      }
      return params;
    },
  };
}
