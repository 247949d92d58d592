import type { RequestOptions } from "../../bucket/requests.ts";
import type { SyncBucketsSummary } from "../../bucket/sync/sync-buckets.node.ts";
import { Metrics } from "../../http/metrics.node.ts";
import type { OptionSpecs } from "../command.ts";
import { checkReplaceable, replaceFile } from "../exchange/file-replacement.ts";

/** The option that names a file for figures. */
export const figuresOptions = {
  metrics: {
    type: "string",
    value: "FILE",
    about: "when it ends, replace FILE by figures of the run, in the text format of Prometheus",
  },
} as const satisfies OptionSpecs;

const name = (what: string): string => `rsync_stream_bucket_${what}`;

/** What a run has done, for programs that watch many. */
export class RunFigures {
  readonly #startedMs = Date.now();
  readonly #retryCounts = new Map<string, number>();
  #requestCount = 0;
  #pushbackCount = 0;
  #summary: SyncBucketsSummary | undefined;

  /** The options by which requests are counted. */
  readonly counting: Required<Pick<RequestOptions, "onRequest" | "onRetry" | "onPushback">> = {
    onRequest: () => void this.#requestCount++,
    onRetry: ({ code }) => void this.#retryCounts.set(code, (this.#retryCounts.get(code) ?? 0) + 1),
    onPushback: () => void this.#pushbackCount++,
  };

  /** Says what came of it. */
  note(summary: SyncBucketsSummary): void {
    this.#summary = summary;
  }

  /** All figures. @param succeeded whether the run ended without a failure */
  text(succeeded: boolean): string {
    const metrics = new Metrics();
    metrics.add(name("requests_total"), "Requests, repeated ones too.", {}, this.#requestCount);
    for (const [code, count] of this.#retryCounts)
      metrics.add(name("retries_total"), "Requests that were repeated, by what was wrong.", { code }, count);
    metrics.add(name("pushbacks_total"), "Answers that asked for fewer requests.", {}, this.#pushbackCount);
    if (this.#summary) setSummary(metrics, this.#summary);
    const endedMs = Date.now();
    metrics.set(name("succeeded"), "1 when nothing failed.", {}, Number(succeeded));
    metrics.set(name("duration_seconds"), "What the run took.", {}, (endedMs - this.#startedMs) / 1000);
    metrics.set(name("ended_seconds"), "When it ended, since 1970.", {}, endedMs / 1000);
    const text = metrics.text();
    metrics.close();
    return text;
  }
}

function setSummary(metrics: Metrics, summary: SyncBucketsSummary): void {
  const { sourceObjects, destinationObjects, sourceBytes, copiedBytes, isResumed: _, ...results } = summary;
  for (const [result, count] of Object.entries(results))
    metrics.set(name("objects"), "Objects by what became of them.", { result }, count);
  for (const [side, count] of Object.entries({ source: sourceObjects, destination: destinationObjects }))
    metrics.set(name("listed_objects"), "Objects that a side has.", { side }, count);
  metrics.set(name("source_bytes"), "Bytes of the objects of the source.", {}, sourceBytes);
  metrics.set(name("copied_bytes"), "Bytes that were copied.", {}, copiedBytes);
}

/** Does the work of a run, and writes its figures however it ends. @throws what that throws; IO */
export async function withFigures(
  path: string | undefined,
  act: (figures: RunFigures) => Promise<void>,
): Promise<void> {
  if (path !== undefined) checkReplaceable(path);
  const figures = new RunFigures();
  const write = async (succeeded: boolean): Promise<void> => {
    if (path !== undefined) await replaceFile(path, contentOf(figures.text(succeeded)));
  };
  try {
    await act(figures);
  } catch (thrown) {
    // What it failed with is worth more than that of this.
    await write(false).catch(() => {});
    throw thrown;
  }
  await write(true);
}

async function* contentOf(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text);
}
