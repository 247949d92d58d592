import { diffIndexes, sameDigest } from "../../archive/differences.node.ts";
import { openIndex } from "../../archive/open-index.node.ts";
import { defineCommand } from "../command.ts";
import { DifferenceReport } from "../report/difference-report.ts";

/** `index diff FILE OTHER`: how one tree differs from another, by their indexes. */
export const indexDiff = defineCommand({
  operands: ["FILE", "OTHER"],
  options: {},
  writesOutput: () => false,
  async run({ operands, report, signal }) {
    const [first, second] = operands.map((path) => openIndex(path)) as [
      ReturnType<typeof openIndex>,
      ReturnType<typeof openIndex>,
    ];
    try {
      if (!sameDigest(first.facts, second.facts))
        report.notice("the indexes have digests of different kinds, or none: content is compared by size");
      const differences = new DifferenceReport(report);
      for await (const change of diffIndexes(first, second, { signal })) differences.tell(change);
      report.summary({
        action: "compared",
        entries: second.totals.entries,
        doneBytes: second.totals.bytes,
        newBytes: 0,
        differences: differences.counts,
      });
      differences.throwIfAny();
    } finally {
      first.close();
      second.close();
    }
  },
});
