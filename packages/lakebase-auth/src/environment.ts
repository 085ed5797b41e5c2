/** Variables by name: `process.env`, or any object of the same form. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The process's variables where there is a process. */
export function processEnvironment(): Environment {
  return (globalThis as { process?: { env?: Environment } }).process?.env ?? {};
}

/** A variable's value, or undefined when it is unset or blank. */
export function readVariable(env: Environment, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === "" ? undefined : value;
}
