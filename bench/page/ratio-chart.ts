/** One bar: how many times as much as the peer's. */
export interface RatioBar {
  readonly label: string;
  readonly ratio: number;
  /** 0 for the first series, 1 for the second. */
  readonly series: number;
}

const colors = ["#2f6f9f", "#d08a2e"];
const widthPx = 860;
const labelPx = 190;
const valuePx = 60;
const rowPx = 18;
const headPx = 68;

/**
 * Draws bars from 1 to each ratio, on a logarithmic axis: to the left where ours needs less, to the
 * right where it needs more.
 *
 * @param series what the colors mean
 * @returns a page of SVG
 */
export function ratioChart(title: string, series: readonly string[], bars: readonly RatioBar[]): string {
  const { least, most } = rangeOf(bars);
  const plotPx = widthPx - labelPx - valuePx;
  const xOf = (ratio: number): number =>
    labelPx + (plotPx * Math.log(ratio / least)) / Math.log(most / least);
  const heightPx = headPx + bars.length * rowPx + 12;
  const lines = ticks(least, most).map((ratio) => tick(xOf(ratio), ratio, heightPx));
  const rows = bars.map((bar, n) => row(bar, headPx + n * rowPx, xOf));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${widthPx} ${heightPx}" font-family="sans-serif" font-size="12">`,
    `<rect width="${widthPx}" height="${heightPx}" fill="#fff"/>`,
    `<text x="8" y="18" font-size="14" font-weight="bold">${escape(title)}</text>`,
    ...series.map((name, n) => legend(name, n)),
    ...lines,
    ...rows,
    "</svg>\n",
  ].join("\n");
}

/** The powers of ten or halves of them around all ratios, 1 among them. */
function rangeOf(bars: readonly RatioBar[]): { least: number; most: number } {
  const ratios = bars.map(({ ratio }) => ratio);
  const least = 10 ** Math.floor(Math.log10(Math.min(0.5, ...ratios)));
  const most = Math.max(2, ...ratios) * 1.05;
  return { least, most };
}

function ticks(least: number, most: number): number[] {
  const all = Array.from({ length: 13 }, (_, n) => 10 ** (n - 6)).flatMap((ten) => [ten, 2 * ten, 5 * ten]);
  const inRange = all.filter((ratio) => ratio >= least && ratio <= most);
  return most / least > 1000 ? inRange.filter((ratio) => Number.isInteger(Math.log10(ratio))) : inRange;
}

function tick(x: number, ratio: number, heightPx: number): string {
  const stroke = ratio === 1 ? "#000" : "#ddd";
  const line = `<line x1="${x.toFixed(1)}" x2="${x.toFixed(1)}" y1="${headPx - 6}" y2="${heightPx - 8}" stroke="${stroke}"/>`;
  return `${line}<text x="${x.toFixed(1)}" y="${headPx - 10}" text-anchor="middle" fill="#555">${Number(ratio.toPrecision(1))}</text>`;
}

function row({ label, ratio, series }: RatioBar, y: number, xOf: (ratio: number) => number): string {
  const [left, right] = [xOf(Math.min(1, ratio)), xOf(Math.max(1, ratio))];
  const bar = `<rect x="${left.toFixed(1)}" y="${y + 3}" width="${Math.max(1, right - left).toFixed(1)}" height="${rowPx - 6}" fill="${colors[series]}"/>`;
  const name = `<text x="${labelPx - 8}" y="${y + 13}" text-anchor="end">${escape(label)}</text>`;
  return `${name}${bar}<text x="${(right + 5).toFixed(1)}" y="${y + 13}" fill="#333">${ratio.toPrecision(2)}</text>`;
}

function legend(name: string, n: number): string {
  const x = 8 + n * 150;
  return `<rect x="${x}" y="28" width="10" height="10" fill="${colors[n]}"/><text x="${x + 15}" y="38">${escape(name)}</text>`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
