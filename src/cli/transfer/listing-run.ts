import { list } from "../../transfer/list.node.ts";
import type { SourcePlace } from "../../transfer/opened-places.node.ts";
import type { TransferOptions } from "../../transfer/transfer-options.node.ts";
import type { OptionValues } from "../command.ts";
import type { choiceOptions } from "../options/source-options.ts";
import type { Report } from "../report/report.ts";
import { factsOfListed, listedLine } from "../report/listed-entry.ts";
import { progressOfRun } from "../report/session-progress.ts";
import { reportSession } from "../report/session-report.ts";

/** Those options of a transfer that say how deep a listing goes. */
type DepthOptions = OptionValues<Pick<typeof choiceOptions, "files-from" | "recursive">> & {
  readonly archive?: boolean;
};

/** As with rsync, what is in directories below a place is listed by `-r` or `-a` only. */
function isDeep({ archive, recursive, "files-from": file }: DepthOptions): boolean {
  return recursive === true || (file === undefined && archive === true);
}

/** Lists a place, and reports how that ended. @throws PARTIAL, and what `list` does */
export async function runListing(
  place: string | SourcePlace,
  options: DepthOptions,
  report: Report,
  common: TransferOptions,
): Promise<void> {
  let [files, doneBytes] = [0, 0];
  const summary = await list(
    place,
    (entry) => {
      if (entry.kind === "file") files++;
      doneBytes += entry.size;
      report.result("entry", listedLine(entry), factsOfListed(entry));
    },
    {
      ...common,
      flatDirs: !isDeep(options),
      removesSourceFiles: false,
      ...progressOfRun(report),
      onTrouble: (error) => report.trouble(error),
    },
  );
  reportSession(report, "listed", summary, { files, doneBytes });
}
