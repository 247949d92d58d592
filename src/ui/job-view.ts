import { element } from "./elements.ts";
import { clearFigures, endFigures, showFigures, showLastFigures } from "./figures-view.ts";
import type { Figures, WorkerNews } from "./messages.ts";
import { bytesText, countText } from "./texts.ts";
import { bindWait, hideWait, showWait } from "./wait-view.ts";

/** Troubles that are shown; beyond that they are counted. */
const shownTroubleCount = 200;

const parts = {
  card: element("job", HTMLElement),
  title: element("job-title", HTMLElement),
  status: element("job-status", HTMLElement),
  troubles: element("job-troubles", HTMLDetailsElement),
  troublesTitle: element("job-troubles-title", HTMLElement),
  troublesList: element("job-troubles-list", HTMLElement),
  stop: element("job-stop", HTMLButtonElement),
  again: element("job-again", HTMLButtonElement),
  close: element("job-close", HTMLButtonElement),
};

let troubleCount = 0;

/** What the buttons of the job do. */
interface JobButtons {
  readonly onStop: () => void;
  readonly onRetry: () => void;
  readonly onAgain: () => void;
  readonly onClose: () => void;
}

/** Says what the buttons of the job do. */
export function bindJob({ onStop, onRetry, onAgain, onClose }: JobButtons): void {
  bindWait(onRetry);
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
  parts.troubles.hidden = true;
  parts.troublesList.replaceChildren();
  clearFigures();
  hideWait();
  say("Connecting …");
  showButtons("running");
}

/**
 * Brings the job before the eyes of who started it: on a phone it is above what is seen. The
 * keyboard goes on from there.
 */
export function goToJob(): void {
  parts.title.focus({ preventScroll: true });
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  parts.card.scrollIntoView({ block: "nearest", behavior: isCalm ? "instant" : "smooth" });
}

/** Shows where it stands. */
export function showProgress(figures: Figures): void {
  hideWait();
  say("Under way");
  showFigures(figures);
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

/**
 * Shows that the connection broke and comes again. How it broke, in the words of the browser, helps
 * nobody.
 */
export function showRetry({ code, message, waitMs }: WorkerNews & { tell: "retry" }): void {
  say(code === "PEER_GONE" ? "The connection broke." : `The connection broke: ${message}.`);
  showWait(waitMs);
}

/** Shows that all is done. */
export function showDone(figures: Figures, failedCount: number): void {
  const { reusedBytes } = figures;
  const saved = reusedBytes > 0 ? `; ${bytesText(reusedBytes)} were used again` : "";
  const failed = failedCount > 0 ? `, but for ${countText(failedCount, "entry", "entries")}` : "";
  hideWait();
  showLastFigures(figures);
  say(`Done${failed}: ${bytesText(figures.newBytes)} were new${saved}.`);
  parts.card.classList.add(failedCount > 0 ? "failed" : "done");
  showButtons("over");
}

/** Shows why it ended, and offers to go on. */
export function showEnded(message: string, isFailure: boolean): void {
  hideWait();
  endFigures();
  say(message);
  parts.again.textContent = isFailure ? "Try again" : "Go on";
  parts.card.classList.toggle("failed", isFailure);
  showButtons("ended");
}

/** Takes the job off the page. */
export function hideJob(): void {
  parts.card.hidden = true;
}

function showButtons(state: "running" | "ended" | "over"): void {
  const hadFocus = parts.card.contains(document.activeElement);
  parts.stop.hidden = state !== "running";
  parts.again.hidden = state !== "ended";
  parts.close.hidden = state === "running";
  if (hadFocus && document.activeElement?.checkVisibility() !== true)
    parts.title.focus({ preventScroll: true });
}

/** Only what is new is said: a screen reader reads it out. */
function say(text: string): void {
  if (parts.status.textContent !== text) parts.status.textContent = text;
}
