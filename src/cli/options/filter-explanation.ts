import type { FilterAnswer, FilterQuestion } from "../../transfer/filter-explanation.node.ts";
import { namesContents } from "../../tree/entry/named-contents.ts";
import type { OptionSpecs, OptionValues } from "../command.ts";
import { readFilterOptions } from "./filter-options.ts";
import type { Report } from "../report/report.ts";

/** The option of the commands that can tell what a filter does. */
export const explainOption = {
  "filter-explain": {
    type: "string",
    value: "PATH",
    about: "tell which rule decides about PATH here, and do nothing else",
    doc: "tell which [rule decides](filters.md#which-rule-decided) about PATH, and do nothing else",
  },
} as const satisfies OptionSpecs;

/** How paths begin in a place that is sent. */
export function sourcePlace(place: string): Pick<FilterQuestion, "place" | "isNamed"> {
  return { place, isNamed: !namesContents(place) };
}

/** Reports what the filter of a command line says to a path. @throws USAGE, LIMIT, NOT_FOUND, IO */
export async function reportExplanation(
  report: Report,
  options: Parameters<typeof readFilterOptions>[0] & OptionValues<typeof explainOption>,
  about: Pick<FilterQuestion, "side" | "place" | "isNamed">,
): Promise<void> {
  const { explainFilter } = await import("../../transfer/filter-explanation.node.ts");
  const path = options["filter-explain"] ?? "";
  const answer = await explainFilter({ ...(await readFilterOptions(options)), ...about, path });
  report.notice(describe(answer, about.side), { side: about.side, ...answer });
}

const verdicts = {
  sender: { included: "sent", excluded: "left out" },
  receiver: { included: "not spared", excluded: "spared" },
} as const;

function describe({ path, verdict, rule, file, line }: FilterAnswer, side: FilterQuestion["side"]): string {
  const fate = `${path} is ${verdicts[side][verdict]}`;
  if (rule === undefined) return `${fate}: no rule matches`;
  const place = file === undefined ? "of the command line" : `in line ${line} of ${file}`;
  return `${fate} by the rule "${rule}" ${place}`;
}
