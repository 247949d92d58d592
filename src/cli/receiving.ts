import type { ReceiveSummary } from "../session/receive.ts";
import { openTreePreview } from "../tree/disk/preview.node.ts";
import { openTreeTarget } from "../tree/disk/target.node.ts";
import type { Unkept } from "../tree/disk/metadata.node.ts";
import type { PathFilter } from "../tree/filter/path-filter.ts";
import type { TreeTarget } from "../tree/target.ts";
import { pathOf } from "../bytes/byte-text.node.ts";
import type { OptionSpecs, OptionValues } from "./command.ts";
import { deleteOptions, deletionLimitOf } from "./deletion.ts";
import { excludeOption, filterOf } from "./exclusion.ts";
import { ChangeTally } from "./change-tally.ts";
import type { Report } from "./report.ts";
import { changesTo, reportSession } from "./session-report.ts";

/** The option of the commands that can tell what they would do. */
export const dryRunOption = {
  "dry-run": { type: "boolean", short: "n", about: "tell what would become of DST, and change nothing" },
} as const satisfies OptionSpecs;

/** Options of the commands that receive a tree here. */
export const receivingOptions = {
  ...excludeOption,
  ...dryRunOption,
  ...deleteOptions,
  fsync: { type: "boolean", about: "wait for the disk before a file gets its name" },
} as const satisfies OptionSpecs;

const unkeptTexts: Readonly<Record<Unkept, string>> = {
  modes: "the modes of files and directories",
  times: "their times: unchanged files will be compared by content",
  "times of links": "the times of links",
};

/**
 * Where a command receives, in earnest or to see what would come of it, and what it reports of
 * that.
 */
export class Receiving {
  readonly #place: string;
  readonly #report: Report;
  readonly #durable: boolean;
  readonly #isDry: boolean;
  readonly #maxDeletedCount: number | undefined;
  readonly #protect: PathFilter | undefined;
  #tally: ChangeTally;

  /** @throws USAGE */
  constructor(place: string, options: OptionValues<typeof receivingOptions>, report: Report) {
    this.#place = place;
    this.#report = report;
    this.#tally = new ChangeTally(report);
    this.#durable = options.fsync === true;
    this.#isDry = options["dry-run"] === true;
    this.#maxDeletedCount = deletionLimitOf(options);
    this.#protect = filterOf(options);
  }

  /** Opens the place for a session; for a further one when that broke off. */
  async openTarget(): Promise<TreeTarget> {
    const maxDeletedCount = this.#maxDeletedCount;
    const deletion = maxDeletedCount === undefined ? {} : { maxDeletedCount, protect: this.#protect };
    if (!this.#isDry) {
      const onChange = changesTo(this.#report, maxDeletedCount !== undefined);
      const onUnkept = (what: Unkept): void => {
        this.#report.notice(`the file system at ${this.#place} does not keep ${unkeptTexts[what]}`, {
          unkept: what,
        });
      };
      const told = { onUnkept, ...(onChange && { onChange }) };
      return openTreeTarget(pathOf(this.#place), { durable: this.#durable, ...deletion, ...told });
    }
    const tally = (this.#tally = new ChangeTally(this.#report));
    return openTreePreview(pathOf(this.#place), { ...deletion, onChange: (change) => tally.note(change) });
  }

  /** Reports how it ended. @throws PARTIAL when some entries failed */
  end(session: ReceiveSummary): void {
    if (this.#isDry) return reportSession(this.#report, "compared", session, this.#tally.summary);
    const deletion = this.#maxDeletedCount === undefined ? {} : { deletedEntries: session.deleted };
    reportSession(this.#report, "received", session, deletion);
  }
}
