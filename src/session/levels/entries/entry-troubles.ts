import { type SyncError, withPath } from "../../../errors.ts";
import { type EntryPlace, printEntryPath } from "../../../tree/entry/entry-order.ts";

/** What befell an entry. */
interface EntryTrouble {
  readonly entry: number;
  readonly error: SyncError;
}

/** Troubles of a receiver that wait to be told, each with the path of its entry. */
export class EntryTroubles {
  readonly #waiting: EntryTrouble[] = [];
  /** The entries that came last. */
  #first = 0;
  #places: readonly EntryPlace[] = [];

  /** These entries are planned now, and their troubles come. */
  planned(first: number, places: readonly EntryPlace[]): void {
    this.#first = first;
    this.#places = places;
  }

  /** @param place where the entry lies, for one that came earlier */
  add(entry: number, error: SyncError, place = this.#places[entry - this.#first]): void {
    this.#waiting.push({ entry, error: place ? withPath(error, printEntryPath(place)) : error });
  }

  /** Takes those that wait. */
  take(): EntryTrouble[] {
    return this.#waiting.splice(0);
  }
}
