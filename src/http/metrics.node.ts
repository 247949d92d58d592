import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";

/** Labels of a figure. */
type Labels = Readonly<Record<string, string>>;

interface Family {
  readonly kind: "counter" | "gauge";
  readonly about: string;
  readonly values: Map<string, number>;
}

/** How often the delay is measured; each measurement is late by as much as it waits. */
const resolutionMs = 10;

/** Figures of a server, in the text format of Prometheus. */
export class Metrics {
  readonly #families = new Map<string, Family>();
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution: resolutionMs });

  constructor() {
    this.#delay.enable();
  }

  /** Adds to a figure that only grows; its name ends in `_total`. */
  add(name: string, about: string, labels: Labels, amount = 1): void {
    const { values } = this.#family(name, "counter", about);
    const key = formatLabels(labels);
    values.set(key, (values.get(key) ?? 0) + amount);
  }

  /** Sets a figure. */
  set(name: string, about: string, labels: Labels, value: number): void {
    this.#family(name, "gauge", about).values.set(formatLabels(labels), value);
  }

  /** All figures (Prometheus exposition format 0.0.4). */
  text(): string {
    this.set("process_resident_memory_bytes", "Memory in use.", {}, process.memoryUsage.rss());
    const delay = Math.max(0, this.#delay.percentile(99) / 1e9 - resolutionMs / 1e3);
    this.set("rsync_stream_event_loop_delay_seconds", "99th percentile since the last look.", {}, delay);
    this.#delay.reset();
    return [...this.#families].map(([name, family]) => formatFamily(name, family)).join("");
  }

  close(): void {
    this.#delay.disable();
  }

  #family(name: string, kind: Family["kind"], about: string): Family {
    const known = this.#families.get(name);
    if (known) return known;
    const family = { kind, about, values: new Map<string, number>() };
    this.#families.set(name, family);
    return family;
  }
}

function formatFamily(name: string, { kind, about, values }: Family): string {
  const lines = [...values].map(([labels, value]) => `${name}${labels} ${value}\n`);
  return `# HELP ${name} ${about}\n# TYPE ${name} ${kind}\n${lines.join("")}`;
}

/** Labels are our own words and codes, never what a peer sent. */
function formatLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}
