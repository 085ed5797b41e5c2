import { ValidationError } from "./errors.ts";

/**
 * What a claim permits; the value is the one that the API expects.
 *
 * @example
 * ```ts
 * import { createPasswordProvider, RequestedClaimsPermissionSet } from "@org/lakebase-auth";
 *
 * const password = createPasswordProvider({
 *   claims: [
 *     {
 *       permission_set: RequestedClaimsPermissionSet.READ_ONLY,
 *       resources: [{ table_name: "shop.public.orders" }],
 *     },
 *   ],
 * });
 * ```
 */
export const RequestedClaimsPermissionSet: { readonly READ_ONLY: "READ_ONLY" } = { READ_ONLY: "READ_ONLY" };
/** What a claim permits. */
export type RequestedClaimsPermissionSet =
  (typeof RequestedClaimsPermissionSet)[keyof typeof RequestedClaimsPermissionSet];

/** Limits a credential to some Unity Catalog tables. Field names are the API's own. */
export interface RequestedClaims {
  readonly permission_set?: RequestedClaimsPermissionSet;
  readonly resources?: readonly { readonly table_name?: string; readonly unspecified_resource_name?: string }[];
}

export function validateClaims(claims: unknown): readonly RequestedClaims[] | undefined {
  if (claims === undefined) return undefined;
  const expected = 'expected an array such as [{ permission_set: "READ_ONLY", resources: [{ table_name: "c.s.t" }] }]';
  if (!Array.isArray(claims) || claims.some((claim) => typeof claim !== "object" || claim === null))
    throw new ValidationError("claims", expected);
  return claims as RequestedClaims[];
}
