import { SyncError } from "../../../errors.ts";
import { EntryChecker, type EntryPlace } from "../../../tree/entry/entry-order.ts";
import type { Entry, Layout } from "../../../tree/entry/entry.ts";
import type { Need } from "../../../tree/target.ts";
import type { Bytes } from "../../../types.ts";
import type { Allowance } from "../../allowance.ts";
import { type Awaits, type FileState, openFile } from "../../file-state.ts";
import type { UnsettledFrame } from "../../ledger.ts";
import { type ReceiverTotals, send } from "../../receiver-effect.ts";
import { encodeFileAnswers, type FileAnswer } from "../../wishes.ts";
import type { Steps } from "../level-host.ts";
import { decodeEntries } from "./entry-codec.ts";
import type { ListedEntry } from "./entry-columns.ts";
import type { EntryTroubles } from "./entry-troubles.ts";

/** What the level needs from its session. */
export interface EntriesHost {
  readonly totals: ReceiverTotals;
  readonly troubles: EntryTroubles;
  readonly allowance: Allowance | undefined;
  /** True when the sender may say of directories that they are complete. */
  readonly knowsSubtrees: () => boolean;
  /** A file awaits content, or to hear whether it is the same. */
  opened(file: FileState): void;
}

/** The answers to the files of a frame, and their sizes at the sender. */
interface Wishes {
  readonly answers: FileAnswer[];
  readonly sizes: number[];
}

/** The receiver's half of the entries level: checks entries, has them planned and answers files. */
export class IncomingEntries {
  readonly #host: EntriesHost;
  readonly #isDuplex: boolean;
  readonly #checker: EntryChecker;

  constructor(host: EntriesHost, layout: Layout, isDuplex: boolean) {
    this.#host = host;
    this.#isDuplex = isDuplex;
    this.#checker = new EntryChecker(layout);
  }

  /** Takes an ENTRIES frame. @throws PATH, BAD_MESSAGE, LIMIT, UNSOLICITED */
  *take(payload: Bytes, unsettled: UnsettledFrame): Steps {
    const { allowance, totals, troubles } = this.#host;
    if (totals.listed) throw new SyncError("UNSOLICITED", "ENTRIES after LISTED");
    const listed = decodeEntries(payload);
    const places = this.#check(listed);
    const first = totals.entries;
    troubles.planned(first, places);
    totals.entries += listed.length;
    const entries = listed.map(({ entry }) => entry);
    allowance?.list(entries);
    const needs = (yield { do: "plan", entries, first }) as readonly Need[];
    const answers = yield* this.#compare(needs, first, entries);
    const wishes = this.#register(listed, places, answers, unsettled);
    if (wishes.answers.length > 0)
      yield send("WISH_FILES", encodeFileAnswers(wishes.answers, wishes.sizes), "control");
  }

  #check(listed: readonly ListedEntry[]): EntryPlace[] {
    const places: EntryPlace[] = [];
    for (const { entry, unasked } of listed) {
      places.push(this.#checker.check(entry));
      if (!this.#isDuplex && entry.kind === "file" && !unasked)
        throw new SyncError("BAD_MESSAGE", "a question, but no way back");
      if (entry.isComplete === true && !this.#host.knowsSubtrees())
        throw new SyncError("UNSOLICITED", "a complete directory, but nobody asked what is here");
    }
    return places;
  }

  /** What the sender is to hear of each entry: of old versions of the same length their MACs. */
  *#compare(needs: readonly Need[], first: number, entries: readonly Entry[]): Steps<readonly FileAnswer[]> {
    const isCompared = (need: Need, i: number): boolean =>
      typeof need !== "string" && need.oldBytes === entries[i]!.size;
    const compared = needs.flatMap((need, i) => (isCompared(need, i) ? [first + i] : []));
    if (compared.length === 0) return needs;
    const macs = (yield { do: "compare", entries: compared }) as readonly (Bytes | undefined)[];
    let next = 0;
    return needs.map((need, i) => {
      if (typeof need === "string" || !isCompared(need, i)) return need;
      const mac = macs[next++];
      return mac ? { ...need, mac } : "all";
    });
  }

  /** Opens the files of a frame, and answers the questions in it. */
  #register(
    listed: readonly ListedEntry[],
    places: readonly EntryPlace[],
    answers: readonly FileAnswer[],
    unsettled: UnsettledFrame,
  ): Wishes {
    const { totals } = this.#host;
    const wishes: Wishes = { answers: [], sizes: [] };
    const first = totals.entries - listed.length;
    for (let i = 0; i < listed.length; i++) {
      const { entry, unasked } = listed[i]!;
      if (entry.kind !== "file") continue;
      const answer = answers[i] ?? "nothing";
      if (!unasked) wishes.answers.push(answer);
      if (!unasked) wishes.sizes.push(entry.size);
      if (answer === "nothing" && !unasked) continue;
      unsettled.open += 1;
      totals.wantedFiles += 1;
      totals.wantedBytes += entry.size;
      const old = typeof answer === "string" || unasked ? undefined : answer;
      const file = openFile({
        entry: first + i,
        place: places[i]!,
        size: entry.size,
        unsettled,
        awaits: unasked ? "pushed" : awaitedAfter(answer),
        oldBytes: old?.oldBytes,
      });
      file.dropped = answer === "nothing";
      this.#host.opened(file);
    }
    return wishes;
  }
}

/** What the sender says next of a file that was answered so. */
function awaitedAfter(answer: FileAnswer): Awaits {
  if (typeof answer !== "string") return answer.mac ? "same" : "pieces";
  return answer === "ask" ? "asked" : "pushed";
}
