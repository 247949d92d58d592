import { RecentRate } from "../bytes/recent-rate.ts";
import { element } from "./elements.ts";
import type { Figures } from "./messages.ts";
import { bytesText } from "./texts.ts";

/** How often the rate is drawn, so that it falls when nothing comes. */
const drawMs = 500;

const parts = {
  bar: element("job-bar", HTMLProgressElement),
  percent: element("job-percent", HTMLElement),
  name: element("job-name", HTMLElement),
  figures: element("job-figures", HTMLElement),
  done: element("job-done", HTMLElement),
  total: element("job-total", HTMLElement),
  files: element("job-files", HTMLElement),
  reused: element("job-reused", HTMLElement),
  rate: element("job-rate", HTMLElement),
};

let rate = new RecentRate();
let newBytes = 0;
let timer: ReturnType<typeof setInterval> | undefined;

/** Takes away the figures of the job before. */
export function clearFigures(): void {
  endFigures();
  rate = new RecentRate();
  newBytes = 0;
  parts.bar.hidden = false;
  parts.bar.removeAttribute("value");
  parts.percent.textContent = "";
  parts.name.hidden = false;
  parts.figures.hidden = true;
}

/** Shows where a job stands. Its share of the whole is shown once all of that was listed. */
export function showFigures(figures: Figures): void {
  const { totalBytes, fileCount, doneBytes, isListed, name } = figures;
  newBytes = figures.newBytes;
  if (timer === undefined) {
    drawRate();
    timer = setInterval(drawRate, drawMs);
  }
  const share = totalBytes > 0 ? doneBytes / totalBytes : 0;
  if (isListed) parts.bar.value = share;
  parts.percent.textContent = isListed ? `${Math.floor(100 * share)} %` : "";
  parts.name.textContent = name;
  parts.figures.hidden = false;
  parts.done.textContent = bytesText(doneBytes);
  parts.total.textContent = `${bytesText(totalBytes)}${isListed ? "" : " +"}`;
  parts.files.textContent = fileCount.toLocaleString("en");
  parts.reused.textContent = bytesText(figures.reusedBytes);
}

/** Shows the figures of a job that is done. */
export function showLastFigures(figures: Figures): void {
  showFigures({ ...figures, isListed: true, name: "" });
  endFigures();
  parts.bar.value = 1;
  parts.percent.textContent = "100 %";
}

/** Nothing moves any more. */
export function endFigures(): void {
  clearInterval(timer);
  timer = undefined;
  parts.rate.textContent = "–";
  parts.name.textContent = "";
  parts.name.hidden = true;
  parts.bar.hidden = parts.figures.hidden;
}

function drawRate(): void {
  parts.rate.textContent = `${bytesText(rate.note(performance.now(), newBytes))}/s`;
}
