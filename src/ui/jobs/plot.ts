import type { Sample } from "../../jobs/job.ts";
import { element } from "../elements.ts";
import { bytesText } from "../texts.ts";
import { made } from "./made.ts";
import { durationText } from "./texts.ts";

const parts = {
  figure: element("job-plot", HTMLElement),
  caption: element("job-plot-title", HTMLElement),
};

const [width, height] = [600, 120];

/** What is drawn: the place of a number in a sample, its kind, and what it is called. */
const curves = [
  [1, "done", "in place"],
  [2, "new", "new content"],
  [3, "wire", "on the wire"],
] as const;

/** Draws the course of a job: bytes over time. */
export function showPlot(samples: readonly Sample[]): void {
  const [endMs = 0] = samples.at(-1) ?? [];
  const most = Math.max(1, ...samples.flatMap(([, ...bytes]) => bytes));
  parts.figure.hidden = samples.length < 3 || endMs === 0;
  if (parts.figure.hidden) return;
  const svg = parts.figure.querySelector("svg")!;
  const drawn = curves.map(([at, kind]) => {
    const points = samples.map((sample) => {
      const [x, y] = [(sample[0] / endMs) * width, height - (sample[at] / most) * (height - 4)];
      return `${x.toFixed(1)} ${y.toFixed(1)}`;
    });
    return { kind, line: `M${points.join("L")}` };
  });
  const [done] = drawn;
  svg.replaceChildren(
    pathOf("area", `${done!.line}V${height}H0Z`),
    ...drawn.map(({ kind, line }) => pathOf(kind, line)),
  );
  const last = samples.at(-1)!;
  parts.caption.replaceChildren(
    ...curves.map(([at, kind, name]) => made("span", `key ${kind}`, `${name}: ${bytesText(last[at])}`)),
    made("span", "", `in ${durationText(endMs)}`),
  );
}

function pathOf(kind: string, line: string): SVGPathElement {
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("class", kind);
  path.setAttribute("d", line);
  return path;
}
