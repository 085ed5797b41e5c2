import { describe, expect, test } from "vitest";
import { findWorkflowFaults } from "./workflow-faults.ts";

const sha = "08c6903cd8c0fde910a37f88322edcfb5dd907a8";
const good = `
on: push
permissions: {}
jobs:
  test:
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    steps:
      - uses: actions/checkout@${sha} # v5.0.0
        with:
          persist-credentials: false
      - run: echo "$TITLE"
        env:
          TITLE: \${{ github.event.pull_request.title }}
`;

describe("findWorkflowFaults", () => {
  test("accepts a workflow by the rules", () => {
    expect(findWorkflowFaults("ci.yml", good)).toEqual([]);
  });

  test.each([
    ["permissions: {}\n", "", '"permissions: {}" is missing at the top: each job asks for what it needs'],
    [
      "permissions: {}",
      "permissions: read-all",
      '"permissions: {}" is missing at the top: each job asks for what it needs',
    ],
    ["    timeout-minutes: 5\n", "", "job test has no timeout-minutes"],
    [`@${sha} # v5.0.0`, "@v5", "job test: actions/checkout@v5 is not pinned to a full commit"],
    [`@${sha} # v5.0.0`, `@${sha}`, `actions/checkout@${sha} does not say its version: add "# v1.2.3"`],
    [
      "persist-credentials: false",
      "fetch-depth: 0",
      'job test: checkout leaves its token behind; set "persist-credentials: false"',
    ],
    [
      'echo "$TITLE"',
      "echo ${{ github.event.pull_request.title }}",
      'job test: an expression inside of "run"; pass it by "env"',
    ],
  ])("reports %j replaced by %j", (text, replacement, fault) => {
    expect(good).toContain(text);
    expect(findWorkflowFaults("ci.yml", good.replace(text, replacement))).toEqual([`ci.yml: ${fault}`]);
  });
});
