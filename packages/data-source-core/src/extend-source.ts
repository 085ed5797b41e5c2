import type { DataSource } from "./data-source.ts";

/** A source with some members of its own; everything else is the source's, capabilities that change included. */
export function extendSource<Own extends object>(source: DataSource, own: Own): Omit<DataSource, keyof Own> & Own {
  return new Proxy(source, {
    get: (target, property) => {
      if (property in own) return Reflect.get(own, property);
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  }) as never;
}
