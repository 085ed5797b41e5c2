import type { NamedRow } from "./read-rows.ts";

const harmless = new Set("SELECT USAGE REFERENCES MONITOR OPERATE READ RESOLVE ALL".split(" "));
/** Roles asked about, at most: inherited ones are followed. */
const mostRoles = 20;

/** What a role's grants allow. */
export interface RoleGrants {
  /** `undefined`: more roles are inherited than were asked about. */
  readonly canWrite: boolean | undefined;
  /** A grant that allows to write, in words. */
  readonly example: string | undefined;
}

/** Follows the roles that a role inherits, and looks for any privilege beyond reading. */
export async function readGrants(
  role: string,
  show: (role: string) => Promise<readonly NamedRow[]>,
): Promise<RoleGrants> {
  const known = new Set([role]);
  for (const name of known) {
    if (known.size > mostRoles) return { canWrite: undefined, example: undefined };
    for (const grant of await show(name)) {
      const privilege = String(grant["privilege"]);
      const object = String(grant["granted_on"]);
      if (object === "ROLE" && privilege === "USAGE") known.add(String(grant["name"]));
      else if (!harmless.has(privilege)) {
        return { canWrite: true, example: `${privilege} on ${object.toLowerCase()} ${String(grant["name"])}` };
      }
    }
  }
  return { canWrite: false, example: undefined };
}
