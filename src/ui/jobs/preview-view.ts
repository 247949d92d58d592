import type { ChangeGroup, Preview } from "../../jobs/job.ts";
import { element } from "../elements.ts";
import { bytesText, countText } from "../texts.ts";
import { made } from "./made.ts";

const place = element("job-preview", HTMLElement);

/** Shows what a job would do. */
export function showPreview(preview: Preview | undefined): void {
  place.hidden = preview === undefined;
  if (!preview) return;
  place.replaceChildren(
    ...groupOf("would be new", preview.new, false),
    ...groupOf("would change", preview.changed, false),
    ...groupOf("would get another time or mode", preview.touched, false),
    ...groupOf("would be deleted", preview.deleted, true),
    made(
      "p",
      "hint",
      `${countText(preview.sameEntries, "entry stays as it is", "entries stay as they are")}.`,
    ),
  );
}

function groupOf(what: string, { count, bytes, first }: ChangeGroup, isBad: boolean): HTMLElement[] {
  if (count === 0) return [];
  const size = bytes > 0 ? `, ${bytesText(bytes)}` : "";
  const names = made("ul", "", ...first.map((path) => made("li", "", path)));
  const rest = count - first.length;
  if (rest > 0) names.append(made("li", "", `and ${rest.toLocaleString("en")} more`));
  const summary = made(
    "summary",
    isBad ? "bad" : "",
    `${countText(count, "entry", "entries")} ${what}${size}`,
  );
  const details = made("details", "", summary, names);
  details.open = isBad;
  return [details];
}
