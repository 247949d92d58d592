import { openIndex } from "../../archive/open-index.node.ts";
import type { IndexedEntry } from "../../archive/tree-index.node.ts";
import { defineCommand } from "../command.ts";
import { escapeText } from "../../bytes/escaped-text.ts";
import { formatBytes } from "../report/formatted-bytes.ts";
import { countOf } from "../report/count-of.ts";

/** `index show FILE`: what is in the index of a tree. */
export const indexShow = defineCommand({
  operands: ["FILE"],
  options: {
    long: { type: "boolean", short: "l", about: "show every path, with its size, time and digest" },
  },
  writesOutput: () => false,
  async run({ operands: [path], options, report, signal }) {
    const index = openIndex(path);
    try {
      const sizes = new Map<number, number>();
      const totals = { entries: 0, files: 0, bytes: 0 };
      for await (const batch of index.entries({ signal }))
        for (const entry of batch) {
          totals.entries += 1;
          totals.bytes += entry.size;
          if (entry.kind === "file") {
            totals.files += 1;
            const power = entry.size === 0 ? -1 : Math.floor(Math.log2(entry.size) / 10);
            sizes.set(power, (sizes.get(power) ?? 0) + 1);
          }
          if (options.long === true) report.result("entry", longLine(entry), entry);
        }
      for (const power of [...sizes.keys()].toSorted((a, b) => a - b)) {
        const belowBytes = power < 0 ? 1 : 2 ** (10 * (power + 1));
        const files = sizes.get(power)!;
        const what = power < 0 ? "empty" : `below ${formatBytes(belowBytes)}`;
        report.result("sizes", `${countOf(files, "file")} ${what}`, { belowBytes, files });
      }
      const { digest } = index.facts;
      const { sha256 } = index.totals;
      const all = `${countOf(totals.entries, "path")}, ${countOf(totals.files, "file")}, ${formatBytes(totals.bytes)}`;
      const tree = sha256 === "" ? "" : `, tree ${sha256}`;
      report.result("index", `${all}, digests: ${digest ?? "none"}${tree}`, { ...totals, digest, sha256 });
    } finally {
      index.close();
    }
  },
});

function longLine({ path, kind, size, mtimeSec, target, digest }: IndexedEntry): string {
  const time = mtimeSec === undefined ? "-" : timeText(mtimeSec);
  const name = kind === "dir" ? `${path}/` : target === undefined ? path : `${path} -> ${target}`;
  return `${String(size).padStart(12)} ${time} ${digest ?? "-"} ${escapeText(name)}`;
}

function timeText(sec: number): string {
  const time = new Date(sec * 1000);
  return Number.isNaN(time.getTime()) ? String(sec) : time.toISOString().slice(0, 19);
}
