import type { Manifest } from "./workspace.ts";

/** Everybody's credentials: whatever else is new may need what is new in it. */
const FIRST = "@org/lakebase-auth";

/** Names in the order in which they can be published: each after all that installing it brings along. */
export function publishOrder(manifests: readonly Manifest[]): string[] {
  const names = new Set(manifests.map(({ name }) => name));
  const waiting = new Map(
    manifests.map(({ name, dependencies, peerDependencies, optionalDependencies }) => {
      const edges = Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies });
      return [name, new Set(edges.filter((edge) => names.has(edge)))];
    }),
  );
  const order: string[] = [];
  while (waiting.size > 0) {
    const ready = [...waiting].filter(([, edges]) => edges.size === 0).map(([name]) => name);
    if (ready.length === 0)
      throw new Error(`The packages depend on each other in a circle: ${cycleIn(waiting).join(" → ")}`);
    const [next = ""] = ready.toSorted((a, b) => Number(b === FIRST) - Number(a === FIRST) || a.localeCompare(b));
    order.push(next);
    waiting.delete(next);
    for (const edges of waiting.values()) edges.delete(next);
  }
  assertAuthFirst(order);
  return order;
}

/** Whatever the edges say: without it first, a dependent could be installed with credentials that it does not know. */
export function assertAuthFirst(order: readonly string[]): void {
  if (order.includes(FIRST) && order[0] !== FIRST)
    throw new Error(`${FIRST} has to be published first, not after ${order[0]}: it may depend on no other package`);
}

/** Follows edges, all of which lead into waiting packages, until a name comes up again. */
function cycleIn(waiting: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const path: string[] = [];
  let name = [...waiting.keys()].toSorted()[0] ?? "";
  while (!path.includes(name)) {
    path.push(name);
    name = [...(waiting.get(name) ?? [])].toSorted()[0] ?? "";
  }
  return [...path.slice(path.indexOf(name)), name];
}
