import { parse } from "yaml";

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Workflow {
  readonly permissions?: unknown;
  readonly jobs?: Readonly<
    Record<string, { readonly uses?: string; readonly "timeout-minutes"?: number; readonly steps?: readonly Step[] }>
  >;
}

const PINNED = /^[\w.-]+\/[\w./-]+@[0-9a-f]{40}$/;

/** What of our rules for workflows a file breaks; whether it is a workflow at all, another linter says. */
export function findWorkflowFaults(path: string, text: string): string[] {
  const { permissions, jobs = {} } = parse(text) as Workflow;
  const grantsNothing =
    typeof permissions === "object" && permissions !== null && Object.keys(permissions).length === 0;
  const faults = grantsNothing ? [] : ['"permissions: {}" is missing at the top: each job asks for what it needs'];
  for (const [name, job] of Object.entries(jobs)) {
    if (job.uses === undefined && job["timeout-minutes"] === undefined)
      faults.push(`job ${name} has no timeout-minutes`);
    for (const { uses, run, with: inputs } of [job, ...(job.steps ?? [])] as Step[]) {
      if (uses !== undefined && !uses.startsWith("./") && !PINNED.test(uses))
        faults.push(`job ${name}: ${uses} is not pinned to a full commit`);
      if (uses?.startsWith("actions/checkout@") === true && inputs?.["persist-credentials"] !== false)
        faults.push(`job ${name}: checkout leaves its token behind; set "persist-credentials: false"`);
      // What comes from outside would be run as a program.
      if (run?.includes("${{") === true) faults.push(`job ${name}: an expression inside of "run"; pass it by "env"`);
    }
  }
  const unnamed = [...text.matchAll(/uses:\s*(\S+@[0-9a-f]{40})(?!\s+# v\d)/g)].map(
    ([, uses]) => `${uses} does not say its version: add "# v1.2.3"`,
  );
  return [...faults, ...unnamed].map((fault) => `${path}: ${fault}`);
}
