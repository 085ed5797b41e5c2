/** What is read of EXPLAIN FORMAT=JSON: the two servers write it much alike. */
interface TableNode {
  readonly table_name?: string;
  /** MariaDB. */
  readonly rows?: number;
  /** MySQL. */
  readonly rows_examined_per_scan?: number;
  readonly filtered?: number | string;
}

/** MySQL 9's second format says both for the whole. */
interface TreeNode {
  readonly estimated_rows?: number;
  readonly estimated_total_cost?: number;
}

interface Block {
  readonly query_plan?: TreeNode;
  readonly query_block?: Block;
  /** MySQL. */
  readonly cost_info?: { readonly query_cost?: string };
  /** MariaDB 11. */
  readonly cost?: number;
  readonly table?: TableNode;
  readonly nested_loop?: readonly Block[];
  readonly [wrapper: string]: unknown;
}

/** Steps that neither add rows nor take them away. */
const transparent = ["ordering_operation", "filesort", "read_sorted_file", "buffer_result", "temporary_table"];

/** How many rows the outermost join gives; `undefined` where groups, unions or limits decide. */
export function planRows(plan: unknown): number | undefined {
  const { query_plan: tree, query_block: block } = (plan ?? {}) as Block;
  return block ? rowsOf(block) : tree?.estimated_rows;
}

export function planCost(plan: unknown): number | undefined {
  const { query_plan: tree, query_block: block } = (plan ?? {}) as Block;
  const cost = Number(block?.cost_info?.query_cost ?? block?.cost ?? tree?.estimated_total_cost);
  return Number.isFinite(cost) ? cost : undefined;
}

function rowsOf(block: Block): number | undefined {
  if (block.table) return tableRows(block.table);
  if (block.nested_loop) {
    let product = 1;
    for (const step of block.nested_loop) {
      const rows = rowsOf(step);
      if (rows === undefined) return undefined;
      product *= rows;
    }
    return product;
  }
  const inner = transparent.map((name) => block[name]).find((value) => value !== undefined);
  return inner === undefined ? undefined : rowsOf(inner as Block);
}

function tableRows({ rows, rows_examined_per_scan, filtered }: TableNode): number | undefined {
  const read = rows ?? rows_examined_per_scan;
  return read === undefined ? undefined : (read * Number(filtered ?? 100)) / 100;
}
