import type { Contents } from "../flow/copy-check.ts";
import type { FlowResult, Standing, WayBytes } from "../flow/race.ts";
import { median, spread } from "../spread.ts";
import { cpuSecondsOf, peakBytesOf } from "../flow/standing.ts";

/** How one contender did, by its medians. */
export interface SideFigures {
  readonly name: string;
  readonly seconds: number;
  /** Of all its processes together, at both ends. */
  readonly cpuSeconds: number;
  /** Of its largest process. */
  readonly peakBytes: number;
  readonly wayBytes?: WayBytes;
  /** Both directions together. */
  readonly bytes?: number;
}

/** One of ours beside a peer. */
export interface PairFigures {
  readonly flow: string;
  readonly title: string;
  readonly contents?: Contents;
  readonly ours: SideFigures;
  readonly peer: SideFigures;
  readonly roundCount: number;
  /** How many times the peer's: least, median and most of the rounds. */
  readonly timeRatio: readonly [number, number, number];
  readonly cpuRatio: number;
  readonly bytesRatio?: number;
}

/** Work over lines of several lengths. */
export interface FarFigures {
  readonly title: string;
  readonly ours: string;
  readonly peer: string;
  /** Median seconds by milliseconds from one end to the other, in order. */
  readonly seconds: readonly { readonly oneWayMs: number; readonly ours: number; readonly peer: number }[];
  /** What the longest line adds, in round trips. */
  readonly roundTrips: { readonly ours: number; readonly peer: number };
}

/** Every pair of the flows that are not far. */
export function pairFigures(flows: readonly FlowResult[]): PairFigures[] {
  return flows
    .filter(({ oneWayMs }) => oneWayMs === undefined)
    .flatMap((flow) => flow.pairs.map(([ours, peer]) => compare(flow, ours, peer)));
}

function compare(flow: FlowResult, oursName: string, peerName: string): PairFigures {
  const [one, other] = [find(flow, oursName), find(flow, peerName)];
  const [ours, peer] = [sideOf(one), sideOf(other)];
  const times = one.laps.map(({ seconds }, round) => seconds / other.laps[round]!.seconds);
  const bytesRatio =
    ours.bytes === undefined || peer.bytes === undefined ? undefined : ours.bytes / peer.bytes;
  return {
    flow: flow.name,
    title: flow.title,
    ...(flow.contents === undefined ? {} : { contents: flow.contents }),
    ours,
    peer,
    roundCount: times.length,
    timeRatio: spread(times) as PairFigures["timeRatio"],
    cpuRatio: ours.cpuSeconds / peer.cpuSeconds,
    ...(bytesRatio === undefined ? {} : { bytesRatio }),
  };
}

function sideOf(standing: Standing): SideFigures {
  const { name, laps, wayBytes, wireBytes } = standing;
  const bytes = wayBytes === undefined ? wireBytes : wayBytes.there + wayBytes.back;
  return {
    name,
    seconds: median(laps.map(({ seconds }) => seconds)),
    cpuSeconds: median(laps.map(cpuSecondsOf)),
    peakBytes: peakBytesOf(standing),
    ...(wayBytes === undefined ? {} : { wayBytes }),
    ...(bytes === undefined ? {} : { bytes }),
  };
}

/** The far flows, those of the same work together; without works that were broken off. */
export function farFigures(flows: readonly FlowResult[]): FarFigures[] {
  const works: Record<string, FlowResult[]> = {};
  for (const flow of flows) {
    if (flow.oneWayMs !== undefined) (works[flow.name.replace(/-\d+$/, "")] ??= []).push(flow);
  }
  const all = Object.values(works);
  const distanceCount = Math.max(2, ...all.map(({ length }) => length));
  return all.filter(({ length }) => length === distanceCount).map(farWork);
}

function farWork(flows: readonly FlowResult[]): FarFigures {
  const [ours, peer] = flows[0]!.pairs[0]!;
  const inOrder = flows.toSorted((a, b) => a.oneWayMs! - b.oneWayMs!);
  const seconds = inOrder.map((flow) => ({
    oneWayMs: flow.oneWayMs!,
    ours: sideOf(find(flow, ours)).seconds,
    peer: sideOf(find(flow, peer)).seconds,
  }));
  const [near, far] = [seconds[0]!, seconds.at(-1)!];
  const roundTripSeconds = (2 * (far.oneWayMs - near.oneWayMs)) / 1000;
  return {
    title: flows[0]!.title.replace(/ over a line of \d+ ms each way/, ""),
    ours,
    peer,
    seconds,
    roundTrips: {
      ours: (far.ours - near.ours) / roundTripSeconds,
      peer: (far.peer - near.peer) / roundTripSeconds,
    },
  };
}

function find({ standings }: FlowResult, name: string): Standing {
  return standings.find((standing) => standing.name === name)!;
}
