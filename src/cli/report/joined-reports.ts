import type { TreeChange } from "../../tree/entry/entry.ts";
import type { Report } from "./report.ts";

/** Reports to two places: what one of them is not shown goes to the other alone. */
export function joinReports(first: Report, second: Report): Report {
  const both = [first, second];
  const toSome = (name: "received" | "deleted"): ((change: TreeChange) => void) | undefined => {
    const some = both.map((report) => report[name]).filter((tell) => tell !== undefined);
    return some.length === 0 ? undefined : (change) => some.forEach((tell) => tell(change));
  };
  const [received, deleted] = [toSome("received"), toSome("deleted")];
  return {
    progress: (progress) => both.forEach((report) => report.progress(progress)),
    hideProgress: () => both.forEach((report) => report.hideProgress()),
    ...(received && { received }),
    ...(deleted && { deleted }),
    trouble: (error) => both.forEach((report) => report.trouble(error)),
    change: (change) => both.forEach((report) => report.change(change)),
    result: (event, line, facts) => both.forEach((report) => report.result(event, line, facts)),
    notice: (text, facts) => both.forEach((report) => report.notice(text, facts)),
    summary: (summary) => both.forEach((report) => report.summary(summary)),
    failure: (error) => both.forEach((report) => report.failure(error)),
    status: () => both.forEach((report) => report.status()),
  };
}
