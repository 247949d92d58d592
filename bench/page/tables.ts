import type { MachineFacts } from "../machine.ts";
import type { FarFigures, PairFigures, SideFigures } from "./figures.ts";

/** The machine that each result file comes from. */
export function machineTable(
  files: readonly { machine: MachineFacts; loadAverages: readonly number[] }[],
): string {
  const rows = files.map(({ machine, loadAverages }) => [
    machine.date.slice(0, 16).replace("T", " "),
    machine.commit,
    `${machine.cpuCount} × ${machine.cpu}, ${Math.round(machine.memoryBytes / 1e9)} GB`,
    machine.kernel,
    `Node ${machine.node.slice(1)}, ${machine.programs["rsync"]?.replace(/ +protocol.*/, "") ?? "no rsync"}`,
    `${Math.min(...loadAverages).toFixed(1)} to ${Math.max(...loadAverages).toFixed(1)}`,
  ]);
  return table(["UTC", "commit", "machine", "system", "programs", "load average"], rows);
}

/** Seconds and processor seconds, ours and the peer's. */
export function timeTable(pairs: readonly PairFigures[]): string {
  const rows = pairs.map(({ title, contents, ours, peer, roundCount, timeRatio, cpuRatio }) => [
    title,
    contents === undefined
      ? ""
      : `${contents.fileCount.toLocaleString("en")} ${contents.fileCount === 1 ? "file" : "files"}, ${sized(contents.contentBytes)}`,
    `${ours.name} / ${peer.name}`,
    String(roundCount),
    `${ours.seconds.toFixed(2)} / ${peer.seconds.toFixed(2)}`,
    ratioOf(timeRatio, roundCount),
    `${ours.cpuSeconds.toFixed(2)} / ${peer.cpuSeconds.toFixed(2)}`,
    judged(cpuRatio),
  ]);
  return table(["work", "copied", "who", "rounds", "seconds", "×", "processor seconds", "×"], rows);
}

/** Bytes each way and memory, ours and the peer's. */
export function bytesTable(pairs: readonly PairFigures[]): string {
  const rows = pairs
    .filter(({ bytesRatio }) => bytesRatio !== undefined)
    .map(({ title, ours, peer, bytesRatio }) => [
      title,
      `${ours.name} / ${peer.name}`,
      `${there(ours)} / ${there(peer)}`,
      `${back(ours)} / ${back(peer)}`,
      judged(bytesRatio!),
      `${sized(ours.peakBytes)} / ${sized(peer.peakBytes)}`,
    ]);
  return table(["work", "who", "there", "back", "× in all", "largest process"], rows);
}

/** Seconds over lines of several lengths, and the round trips that follow. */
export function farTable(works: readonly FarFigures[]): string {
  const distances = works[0]?.seconds.map(({ oneWayMs }) => `${oneWayMs} ms`) ?? [];
  const rows = works.map(({ title, seconds, roundTrips }) => [
    title,
    ...seconds.map(({ ours, peer }) => `${ours.toFixed(2)} / ${peer.toFixed(2)}`),
    `${roundTrips.ours.toFixed(1)} / ${roundTrips.peer.toFixed(1)}`,
  ]);
  return table(["work", ...distances, "round trips"], rows);
}

function ratioOf([least, middle, most]: PairFigures["timeRatio"], roundCount: number): string {
  if (roundCount === 1) return judged(middle);
  return `${judged(middle)} (${least.toFixed(2)} to ${most.toFixed(2)})`;
}

/** Bold where the peer needs less. */
function judged(ratio: number): string {
  const text = ratio < 0.1 ? ratio.toPrecision(2) : ratio.toFixed(2);
  return ratio > 1 ? `**${text}**` : text;
}

function there({ wayBytes, bytes }: SideFigures): string {
  return sized(wayBytes?.there ?? bytes!);
}

function back({ wayBytes }: SideFigures): string {
  return wayBytes === undefined ? "–" : sized(wayBytes.back);
}

function sized(bytes: number): string {
  if (bytes >= 1e6) return `${(bytes / 1e6).toFixed(bytes < 1e8 ? 1 : 0)} MB`;
  return bytes >= 1e3 ? `${(bytes / 1e3).toFixed(bytes < 1e5 ? 1 : 0)} kB` : `${bytes} B`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
