import type { LogLevel } from "../../jobs/job.ts";
import { element } from "../elements.ts";
import { countText } from "../texts.ts";
import { calls } from "./calls.ts";
import { made } from "./made.ts";

const parts = {
  level: element("log-level", HTMLSelectElement),
  follow: element("log-follow", HTMLInputElement),
  note: element("log-note", HTMLElement),
  lines: element("log-lines", HTMLElement),
  more: element("log-more", HTMLButtonElement),
};

/** Lines that stay on the page; of more the oldest are taken away. */
const shownLineCount = 2000;

let job = 0;
let next = 0;
let isReading = false;
let isAsked = false;

/** Lets the log be chosen from. @param guard takes what fails */
export function bindLog(guard: (work: Promise<unknown>) => void): void {
  parts.level.addEventListener("change", () => guard(showLog(job)));
  parts.follow.addEventListener("change", () => guard(readMore()));
  parts.more.addEventListener("click", () => guard(readPage()));
}

/** Shows the log of a job from its start. */
export async function showLog(id: number): Promise<void> {
  job = id;
  next = 0;
  parts.lines.replaceChildren();
  await readMore();
}

/** Reads what has come since, all of it where the log is followed. */
export async function readMore(): Promise<void> {
  if (isReading) return void (isAsked = true);
  isReading = true;
  try {
    do {
      isAsked = false;
      for (let isMore = await readPage(); isMore && parts.follow.checked;) isMore = await readPage();
    } while (isAsked);
  } finally {
    isReading = false;
  }
}

/** Reads some lines; true when there are more. */
async function readPage(): Promise<boolean> {
  const asked = job;
  const page = await calls.log(asked, next, parts.level.value as LogLevel);
  if (asked !== job) return false;
  next = page.next;
  parts.lines.append(
    ...page.lines.map(({ timeMs, level, text, code }) => {
      const time = made("time", "", new Date(timeMs).toLocaleTimeString());
      return made("li", level, time, made("span", "", code === undefined ? text : `${text} (${code})`));
    }),
  );
  while (parts.lines.childElementCount > shownLineCount) parts.lines.firstElementChild!.remove();
  if (parts.follow.checked) parts.lines.scrollTop = parts.lines.scrollHeight;
  const isMore = page.next < page.end;
  parts.more.hidden = !isMore;
  const dropped = page.first > 0 ? `; the first ${page.first.toLocaleString("en")} are gone` : "";
  parts.note.textContent = `${countText(page.end, "line", "lines")}${dropped}`;
  return isMore;
}
