import type { Job } from "../../jobs/job.ts";
import { element } from "../elements.ts";
import { calls, listedCount } from "./calls.ts";
import { type Heard, withHeard } from "./heard.ts";
import { made } from "./made.ts";
import { shareOf, stateTexts, timeText, titleOf, wayOf } from "./texts.ts";

const parts = {
  section: element("list", HTMLElement),
  state: element("list-state", HTMLSelectElement),
  rows: element("list-rows", HTMLElement),
  empty: element("list-empty", HTMLElement),
  more: element("list-more", HTMLButtonElement),
};

const rows = new Map<number, HTMLElement>();
let last: number | undefined;

/** Lets the list be chosen from. @param guard takes what fails */
export function bindList(guard: (work: Promise<unknown>) => void): void {
  parts.state.addEventListener("change", () => guard(showList()));
  parts.more.addEventListener("click", () => guard(showMore()));
}

/** Shows the newest jobs. @param reveal called when they are there; false to leave all as it is */
export async function showList(reveal = (): boolean => true): Promise<void> {
  const states = parts.state.value;
  const { answer, heard } = await withHeard(calls.list(states, undefined));
  if (states !== parts.state.value || !reveal()) return;
  last = undefined;
  rows.clear();
  parts.rows.replaceChildren();
  append(answer.jobs);
  retell(heard, heard.keys());
}

/** Changes the row of a job, or adds it at the top, where the list is what is seen. */
export function updateRow(job: Job): void {
  if (!parts.section.hidden) changeRow(job);
}

function changeRow(job: Job): void {
  const states = parts.state.value.split(",");
  const old = rows.get(job.id);
  if (parts.state.value !== "" && !states.includes(job.state)) return dropRow(job.id);
  const row = rowOf(job);
  rows.set(job.id, row);
  if (old) {
    const hadFocus = old.contains(document.activeElement);
    old.replaceWith(row);
    if (hadFocus) row.querySelector("a")!.focus();
  } else if (job.id > Math.max(0, ...[...rows.keys()].filter((id) => id !== job.id))) parts.rows.prepend(row);
  parts.empty.hidden = rows.size > 0;
}

/** Takes away the row of a job. */
export function dropRow(id: number): void {
  rows.get(id)?.remove();
  rows.delete(id);
  parts.empty.hidden = rows.size > 0;
}

async function showMore(): Promise<void> {
  const { answer, heard } = await withHeard(calls.list(parts.state.value, last));
  append(answer.jobs);
  retell(
    heard,
    answer.jobs.map(({ id }) => id),
  );
}

/** Shows some jobs as events told of them, where they did. */
function retell(heard: Heard, ids: Iterable<number>): void {
  for (const id of ids) {
    const job = heard.get(id);
    if (job) changeRow(job);
    else if (heard.has(id)) dropRow(id);
  }
}

function append(jobs: readonly Job[]): void {
  for (const job of jobs) {
    const row = rowOf(job);
    rows.set(job.id, row);
    parts.rows.append(row);
  }
  last = jobs.at(-1)?.id ?? last;
  parts.more.hidden = jobs.length < listedCount;
  parts.empty.hidden = rows.size > 0;
}

function rowOf(job: Job): HTMLElement {
  const { id, state, createdMs, endedMs, nextMs, failure } = job;
  const when = nextMs === undefined ? timeText(endedMs ?? createdMs) : `next ${timeText(nextMs)}`;
  const link = made(
    "a",
    "",
    made("strong", "", titleOf(job)),
    made("span", `state ${state}`, stateTexts[state]),
    made("small", "", failure ? `${wayOf(job)}: ${failure.message}` : wayOf(job)),
    made("small", "", when),
  );
  link.href = `#/job/${id}`;
  if (state === "running" || state === "aborting") {
    const bar = made("progress", "");
    const share = shareOf(job);
    if (share !== undefined) bar.value = share;
    bar.setAttribute("aria-label", `Progress of ${titleOf(job)}`);
    link.append(bar);
  }
  return made("li", "", link);
}
