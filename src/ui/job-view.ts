import { element } from "./elements.ts";
import type { Figures } from "./messages.ts";
import { bytesText, countText } from "./texts.ts";

/** Troubles that are shown; beyond that they are counted. */
const shownTroubleCount = 200;
/** The rate is that of so many milliseconds. */
const rateMs = 3000;

const parts = {
  card: element("job", HTMLElement),
  title: element("job-title", HTMLElement),
  status: element("job-status", HTMLElement),
  bar: element("job-bar", HTMLProgressElement),
  done: element("job-done", HTMLElement),
  files: element("job-files", HTMLElement),
  figures: element("job-figures", HTMLElement),
  total: element("job-total", HTMLElement),
  reused: element("job-reused", HTMLElement),
  rate: element("job-rate", HTMLElement),
  troubles: element("job-troubles", HTMLDetailsElement),
  troublesTitle: element("job-troubles-title", HTMLElement),
  troublesList: element("job-troubles-list", HTMLElement),
  stop: element("job-stop", HTMLButtonElement),
  again: element("job-again", HTMLButtonElement),
  close: element("job-close", HTMLButtonElement),
};

let troubleCount = 0;
let samples: { readonly atMs: number; readonly doneBytes: number }[] = [];

/** What the buttons of the job do. */
export interface JobButtons {
  readonly onStop: () => void;
  readonly onAgain: () => void;
  readonly onClose: () => void;
}

/** Says what the buttons of the job do. */
export function bindJob({ onStop, onAgain, onClose }: JobButtons): void {
  parts.stop.addEventListener("click", onStop);
  parts.again.addEventListener("click", onAgain);
  parts.close.addEventListener("click", onClose);
}

/** Shows a job that begins. */
export function showJob(title: string): void {
  parts.title.textContent = title;
  parts.card.hidden = false;
  parts.card.className = "card";
  troubleCount = 0;
  samples = [];
  parts.troubles.hidden = true;
  parts.troublesList.replaceChildren();
  parts.bar.removeAttribute("value");
  parts.bar.hidden = false;
  parts.figures.hidden = true;
  say("Connecting …");
  showButtons("running");
}

/** Shows where it stands. */
export function showFigures({ totalBytes, fileCount, doneBytes, newBytes }: Figures): void {
  say("Under way");
  if (totalBytes > 0) parts.bar.value = doneBytes / totalBytes;
  parts.figures.hidden = false;
  parts.done.textContent = bytesText(doneBytes);
  parts.total.textContent = bytesText(totalBytes);
  parts.files.textContent = fileCount.toLocaleString("en");
  parts.reused.textContent = bytesText(Math.max(0, doneBytes - newBytes));
  parts.rate.textContent = `${bytesText(rateOf(newBytes))}/s`;
}

/** Shows a path that failed. */
export function showTrouble(path: string, message: string): void {
  if (parts.card.hidden) showProblems();
  troubleCount += 1;
  parts.troubles.hidden = false;
  parts.troublesTitle.textContent = countText(troubleCount, "problem", "problems");
  if (troubleCount > shownTroubleCount) return;
  const item = document.createElement("li");
  item.textContent = path === "" ? message : `${path}: ${message}`;
  parts.troublesList.append(item);
}

/** There is no job to which the trouble belongs. */
function showProblems(): void {
  showJob("Something went wrong");
  showEnded("", true);
  parts.again.hidden = true;
  parts.troubles.open = true;
}

/** Shows that the connection broke and comes again. */
export function showRetry(message: string, waitMs: number): void {
  const seconds = Math.max(1, Math.round(waitMs / 1000));
  say(`Connecting again in ${countText(seconds, "second", "seconds")}: ${message}`);
}

/** Shows that all is done. */
export function showDone(figures: Figures, failedCount: number): void {
  showFigures({ ...figures, doneBytes: figures.totalBytes });
  const reused = figures.totalBytes - figures.newBytes;
  const saved = reused > 0 ? `; ${bytesText(reused)} were there already` : "";
  const failed = failedCount > 0 ? `, but for ${countText(failedCount, "entry", "entries")}` : "";
  say(`Done${failed}: ${bytesText(figures.newBytes)} were new${saved}.`);
  parts.bar.value = 1;
  parts.rate.textContent = "–";
  parts.card.classList.add(failedCount > 0 ? "failed" : "done");
  showButtons("over");
}

/** Shows why it ended, and offers to go on. */
export function showEnded(message: string, isFailure: boolean): void {
  say(message);
  parts.bar.hidden = parts.figures.hidden;
  parts.rate.textContent = "–";
  parts.again.textContent = isFailure ? "Try again" : "Go on";
  parts.card.classList.toggle("failed", isFailure);
  showButtons("ended");
}

/** Takes the job off the page. */
export function hideJob(): void {
  parts.card.hidden = true;
}

function showButtons(state: "running" | "ended" | "over"): void {
  parts.stop.hidden = state !== "running";
  parts.again.hidden = state !== "ended";
  parts.close.hidden = state === "running";
}

/** Only what is new is said: a screen reader reads it out. */
function say(text: string): void {
  if (parts.status.textContent !== text) parts.status.textContent = text;
}

function rateOf(newBytes: number): number {
  const atMs = performance.now();
  samples.push({ atMs, doneBytes: newBytes });
  samples = samples.filter((sample) => atMs - sample.atMs <= rateMs);
  const first = samples[0]!;
  const elapsedMs = atMs - first.atMs;
  return elapsedMs < 1 ? 0 : ((newBytes - first.doneBytes) * 1000) / elapsedMs;
}
