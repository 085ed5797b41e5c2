/**
 * Adds a secret to an object so that reading it works, while JSON.stringify, spreading, util.inspect
 * (also with showHidden) and loggers do not show it.
 */
export function withSecret<T extends object, K extends string>(
  target: T,
  field: K,
  secret: string,
): T & Record<K, string> {
  return Object.defineProperty(target, field, { get: () => secret, enumerable: false }) as T & Record<K, string>;
}
