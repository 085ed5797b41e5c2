import type { Guarantee } from "@org/data-source-core";

/** How Acme keeps a read from writing, and each way around it that is known. By the server, not by reading SQL. */
export const readOnly: Guarantee = { enforcedBy: "none", note: "Not written yet.", gaps: [] };
