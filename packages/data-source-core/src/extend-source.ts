import type { DataSource } from "./data-source.ts";

/** A source with some members of its own; everything else is the source's, capabilities that change included. */
export function extendSource<Own extends object>(source: DataSource, own: Own): Omit<DataSource, keyof Own> & Own {
  // Not over the source itself: of a frozen one a proxy must give every member as it is.
  return new Proxy(Object.create(source) as object, {
    get: (_target, property) => {
      if (property in own) return Reflect.get(own, property);
      const value: unknown = Reflect.get(source, property, source);
      return typeof value === "function" ? (value.bind(source) as unknown) : value;
    },
  }) as never;
}
