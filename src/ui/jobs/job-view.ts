import { isOver, type Job } from "../../jobs/job.ts";
import { element } from "../elements.ts";
import { bytesText } from "../texts.ts";
import { calls, type JobWithCourse } from "./calls.ts";
import { withHeard } from "./heard.ts";
import { bindLog, readMore, showLog } from "./log-view.ts";
import { made } from "./made.ts";
import { showPlot } from "./plot.ts";
import { showPreview } from "./preview-view.ts";
import { durationText, shareOf, stateTexts, timeText, titleOf, wayOf } from "./texts.ts";

const parts = {
  section: element("job", HTMLElement),
  title: element("job-title", HTMLElement),
  way: element("job-way", HTMLElement),
  status: element("job-status", HTMLElement),
  percent: element("job-percent", HTMLElement),
  bar: element("job-bar", HTMLProgressElement),
  name: element("job-name", HTMLElement),
  figures: element("job-figures", HTMLElement),
  go: element("job-go", HTMLButtonElement),
  abort: element("job-abort", HTMLButtonElement),
  again: element("job-again", HTMLButtonElement),
  clone: element("job-clone", HTMLAnchorElement),
  remove: element("job-remove", HTMLButtonElement),
};

let shown: Job | undefined;

/** Makes the buttons do what they say. @param guard takes what fails */
export function bindJob(guard: (work: Promise<unknown>) => void): void {
  const act = (button: HTMLButtonElement, work: (id: number) => Promise<unknown>): void =>
    button.addEventListener("click", () => guard(work(shown!.id)));
  const goTo = ({ id }: Job): void => void (location.hash = `#/job/${id}`);
  act(parts.abort, calls.abort);
  act(parts.again, async (id) => goTo(await calls.rerun(id, {})));
  act(parts.go, async (id) => goTo(await calls.rerun(id, { preview: null })));
  act(parts.remove, async (id) => {
    await calls.remove(id);
    location.hash = "#/";
  });
  bindLog(guard);
}

/**
 * Shows a job and its log.
 *
 * @param reveal called when there is something to see; false when something else is to be seen now
 */
export async function openJob(id: number, reveal: () => boolean): Promise<void> {
  const { answer: job, heard } = await withHeard(calls.read(id));
  if (!reveal()) return;
  showJob(heard.get(id) ?? job);
  showCourse(job);
  parts.title.focus();
  await showLog(id);
}

/** Shows the job as it is now, where it is the one that is looked at. */
export async function updateJob(job: Job): Promise<void> {
  if (parts.section.hidden || shown?.id !== job.id) return;
  showJob(job);
  await readMore();
  showCourse(await calls.read(job.id));
}

/** A preview moves nothing. */
function showCourse({ course, spec }: JobWithCourse): void {
  showPlot(spec.preview === true ? [] : course);
}

function showJob(job: Job): void {
  const { id, state, spec, progress, preview, failure, nextMs } = job;
  shown = job;
  parts.section.className = `card ${state}`;
  parts.title.textContent = titleOf(job);
  parts.way.textContent = wayOf(job);
  const next = nextMs === undefined ? "" : `: ${spec.schedule}, next ${timeText(nextMs)}`;
  parts.status.textContent = `${stateTexts[state]}${next}${failure ? `: ${failure.message}` : ""}`;
  const share = shareOf(job);
  const isUnderWay = state === "running" || state === "aborting";
  parts.percent.textContent = isUnderWay && share !== undefined ? `${Math.floor(100 * share)} %` : "";
  parts.bar.hidden = !isUnderWay;
  if (share === undefined) parts.bar.removeAttribute("value");
  else parts.bar.value = share;
  parts.name.hidden = !isUnderWay;
  parts.name.textContent = isUnderWay ? (progress?.name ?? "") : "";
  parts.figures.replaceChildren(
    ...figuresOf(job).map(([name, value]) => made("div", "", made("dt", "", name), made("dd", "", value))),
  );
  showPreview(preview);
  parts.go.hidden = spec.preview !== true || state !== "done";
  parts.abort.hidden = isOver(state);
  parts.again.hidden = !isOver(state);
  parts.remove.hidden = isUnderWay;
  parts.clone.href = `#/new/${id}`;
}

function figuresOf({
  progress,
  startedMs,
  endedMs,
  state,
  spec,
}: Job): readonly (readonly [string, string])[] {
  if (!progress || startedMs === undefined || spec.preview === true) return [];
  const { entries, files, totalFiles, totalBytes, doneBytes, newBytes, reusedBytes, wireBytes } = progress;
  const tookMs = (endedMs ?? Date.now()) - startedMs;
  const rate = doneBytes / Math.max(0.001, tookMs / 1000);
  const leftMs =
    totalBytes === undefined || rate === 0 ? undefined : ((totalBytes - doneBytes) / rate) * 1000;
  const counts: readonly (readonly [string, number])[] = [
    ["Failed", progress.failedEntries],
    ["Deleted", progress.deletedEntries],
  ];
  return [
    ["Time", durationText(tookMs)],
    ...(state === "running" && leftMs !== undefined ? [["Left", durationText(leftMs)] as const] : []),
    ["Rate", `${bytesText(rate)}/s`],
    ["Entries", entries.toLocaleString("en")],
    ["Files copied", files.toLocaleString("en")],
    // Those that are still to come are not skipped.
    ["Skipped", Math.max(0, entries - Math.max(files, totalFiles)).toLocaleString("en")],
    ["New", bytesText(newBytes)],
    ["Used again", bytesText(reusedBytes)],
    ["On the wire", bytesText(wireBytes)],
    ...counts
      .filter(([, count]) => count > 0)
      .map(([name, count]) => [name, count.toLocaleString("en")] as const),
  ];
}
