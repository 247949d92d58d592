import type { ServerResponse } from "node:http";
import { PassThrough } from "node:stream";
import { expect, it, vi } from "vitest";
import { JobEvents } from "../../../src/jobs/job-events.node.ts";
import { jobTimes } from "../../../src/jobs/job-limits.ts";

it("tells a listener that takes nothing no more once it was closed", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
  try {
    const response = Object.assign(new PassThrough(), { writeHead: vi.fn<() => void>() });
    const failed = vi.fn<(thrown: Error) => void>();
    response.on("error", failed);
    const events = new JobEvents(() => undefined);
    events.listen(response as unknown as ServerResponse);
    events.close();
    events.note(1);
    vi.advanceTimersByTime(2 * jobTimes.tellMs);
    await new Promise((resolve) => setImmediate(resolve));
    expect(failed).not.toHaveBeenCalled();
  } finally {
    vi.useRealTimers();
  }
});
