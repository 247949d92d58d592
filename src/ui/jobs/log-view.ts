import type { LogLevel, LogPage } from "../../jobs/job.ts";
import { element } from "../elements.ts";
import { countText } from "../texts.ts";
import { calls, loggedCount } from "./calls.ts";
import { made } from "./made.ts";

const parts = {
  level: element("log-level", HTMLSelectElement),
  follow: element("log-follow", HTMLInputElement),
  note: element("log-note", HTMLElement),
  earlier: element("log-earlier", HTMLButtonElement),
  lines: element("log-lines", HTMLOListElement),
  more: element("log-more", HTMLButtonElement),
};

/** Lines that stay on the page; of more those at the other end are taken away. */
const shownLineCount = 2000;

/** More lines than any log has. */
const pastLastLine = 1e14;

let job = 0;
/** The lines from the one number up to the other are shown. */
let start = 0;
let next = 0;
/** Ends when what was asked for before is shown: one thing is read after another. */
let turn: Promise<unknown> = Promise.resolve();
let isQueued = false;

/** Lets the log be chosen from. @param guard takes what fails */
export function bindLog(guard: (work: Promise<unknown>) => void): void {
  parts.level.addEventListener("change", () => guard(showLog(job)));
  parts.follow.addEventListener("change", () => {
    if (parts.follow.checked) guard(showLog(job));
  });
  parts.earlier.addEventListener("click", () => {
    parts.follow.checked = false;
    guard(inTurn(readEarlier));
  });
  parts.more.addEventListener("click", () => guard(inTurn(readLater)));
}

/** Shows the end of the log of a job. */
export async function showLog(id: number): Promise<void> {
  await inTurn(async () => {
    job = id;
    start = next = pastLastLine;
    parts.lines.replaceChildren();
    await readEarlier();
    scrollToEnd();
  });
}

/** Shows what has come since where the log is followed, and otherwise that there may be more. */
export async function readMore(): Promise<void> {
  if (!parts.follow.checked) parts.more.hidden = false;
  if (!parts.follow.checked || isQueued) return;
  isQueued = true;
  await inTurn(async () => {
    isQueued = false;
    for (let isMore = true; isMore && parts.follow.checked;) isMore = await readLater();
  });
}

function inTurn<Result>(read: () => Promise<Result>): Promise<Result> {
  const done = turn.then(read);
  turn = done.catch(() => {});
  return done;
}

/** Reads the lines before those that are shown. */
async function readEarlier(): Promise<void> {
  const page = await calls.log(job, `before=${start}`, parts.level.value as LogLevel);
  start = page.lines.length < loggedCount ? page.first : page.lines[0]!.at;
  next = Math.min(next, page.next);
  const heightBefore = parts.lines.scrollHeight;
  parts.lines.prepend(...rowsOf(page));
  parts.lines.scrollTop += parts.lines.scrollHeight - heightBefore;
  while (parts.lines.childElementCount > shownLineCount) {
    parts.lines.lastElementChild!.remove();
    next = lineAt(parts.lines.lastElementChild) + 1;
  }
  tell(page);
}

/** Reads the lines after those that are shown; true when there are more. */
async function readLater(): Promise<boolean> {
  const page = await calls.log(job, `from=${next}`, parts.level.value as LogLevel);
  next = page.next;
  parts.lines.append(...rowsOf(page));
  while (parts.lines.childElementCount > shownLineCount) {
    parts.lines.firstElementChild!.remove();
    start = lineAt(parts.lines.firstElementChild);
  }
  if (parts.follow.checked) scrollToEnd();
  tell(page);
  return page.next < page.end;
}

function rowsOf({ lines }: LogPage): readonly HTMLElement[] {
  return lines.map(({ at, timeMs, level, text, code }) => {
    const time = made("time", "", new Date(timeMs).toLocaleTimeString());
    const row = made("li", level, time, made("span", "", code === undefined ? text : `${text} (${code})`));
    row.value = at;
    return row;
  });
}

function lineAt(row: Element | null): number {
  return (row as HTMLLIElement).value;
}

function scrollToEnd(): void {
  parts.lines.scrollTop = parts.lines.scrollHeight;
}

/** Says how many lines there are, and offers those that are not shown. */
function tell({ first, end }: LogPage): void {
  offer(parts.earlier, start > first);
  offer(parts.more, next < end);
  const dropped = first > 0 ? `; the first ${first.toLocaleString("en")} are gone` : "";
  parts.note.textContent = `${countText(end, "line", "lines")}${dropped}`;
}

/** Shows a button or hides it. Who is on one that goes is among the lines then. */
function offer(button: HTMLButtonElement, isThere: boolean): void {
  if (!isThere && document.activeElement === button) parts.lines.focus();
  button.hidden = !isThere;
}
