import { expect, test } from "vitest";
import type { Report } from "../../../src/cli/report/report.ts";
import { logLimits, ServingLog } from "../../../src/cli/serving/serving-log.ts";
import { SyncError } from "../../../src/errors.ts";

const { toldRefusalCount } = logLimits;

function logging() {
  const told: string[] = [];
  const clock = { ms: 0 };
  const report = { notice: (text: string) => void told.push(text) } as unknown as Report;
  const log = new ServingLog(report, () => clock.ms);
  const refuse = (count: number): void => {
    for (let i = 0; i < count; i++)
      log.refusal({ address: "a", receivedBytes: 0, error: new SyncError("UNAUTHORIZED", "no") } as never);
  };
  const counted = (): string[] => told.filter((line) => line.includes("more in a minute"));
  return { log, clock, told, refuse, counted };
}

test("refusals beyond those told are counted, and told of when the next minute begins", () => {
  const { clock, told, refuse, counted } = logging();
  refuse(toldRefusalCount + 3);
  expect(told).toHaveLength(toldRefusalCount);
  clock.ms = 60_000;
  refuse(1);
  expect(counted()).toEqual([expect.stringMatching(/refused 3 more/)]);
});

test("they are told of at the end, once, when no further one came", () => {
  const { log, refuse, counted } = logging();
  refuse(toldRefusalCount + 2);
  log.end();
  log.end();
  expect(counted()).toEqual([expect.stringMatching(/refused 2 more/)]);
});

test("at the end nothing is told when all were", () => {
  const { log, told, refuse } = logging();
  refuse(toldRefusalCount);
  log.end();
  expect(told).toHaveLength(toldRefusalCount);
});

test("counts and their nouns agree", () => {
  const { log, told } = logging();
  const push = { direction: "push", via: "websocket", name: "a", address: "b", path: "/" } as const;
  const tell = (entries: number, bytes: number): void =>
    log.session({
      ...push,
      ...{ sentBytes: bytes, receivedBytes: bytes, troubles: [], summary: { entries, chunkBytes: bytes } },
    } as never);
  tell(1, 1);
  tell(2, 2);
  expect(told.map((line) => line.slice(line.indexOf(": ") + 2))).toEqual([
    "1 entry, 1 byte; 1 byte received, 1 sent",
    "2 entries, 2 bytes; 2 bytes received, 2 sent",
  ]);
});

test("what ended a session is told with the entry that it is about", () => {
  const { log, told } = logging();
  const push = { direction: "push", via: "websocket", name: "a", address: "b", path: "/" } as const;
  const tell = (detail: { readonly path?: string }): void =>
    log.session({
      ...push,
      ...{
        sentBytes: 0,
        receivedBytes: 0,
        troubles: [],
        error: new SyncError("NO_SPACE", "full", { detail }),
      },
    } as never);
  tell({ path: "dir/file" });
  tell({ path: "" });
  tell({});
  expect(told.map((line) => line.slice(line.indexOf(" by ") + 4))).toEqual([
    "a at b: dir/file: full (NO_SPACE); 0 bytes received, 0 sent",
    "a at b: .: full (NO_SPACE); 0 bytes received, 0 sent",
    "a at b: full (NO_SPACE); 0 bytes received, 0 sent",
  ]);
});
