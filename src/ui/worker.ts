/** The worker of the page: it holds the session, so that the page never stands still. */

import { fileListSource } from "../browser/file-source.ts";
import { opfsTarget } from "../browser/opfs-target.ts";
import type { Picked } from "../browser/picked.ts";
import { toSyncError } from "../errors.ts";
import { createReceiver } from "../session/create-receiver.ts";
import { createSender } from "../session/create-sender.ts";
import type { ReconnectOptions } from "../session/reconnect.ts";
import type { ReceiveProgress, ReceiveSummary } from "../session/receive.ts";
import type { SendOptions, SendProgress, SendSummary } from "../session/send.ts";
import { connectTo } from "./connect.ts";
import { noteKept, openKept } from "./kept-trees.ts";
import { Latest } from "./latest.ts";
import type { Figures, WorkerNews, WorkerTask } from "./messages.ts";
import { Meter, meteredSource, meteredTarget } from "./meter.ts";

/** How often a page hears of progress, at most. */
const progressMs = 100;

const picked: Picked[] = [];
const meter = new Meter();
const names = new TextDecoder();
const latest = new Latest(progressMs, tellProgress);
let retryNow: () => void = () => {};

onmessage = ({ data }: MessageEvent<WorkerTask>): void => {
  if (data.do === "take") picked.push(...data.picked);
  else if (data.do === "retry") retryNow();
  else void carryOut(data);
};

async function carryOut(task: WorkerTask & { do: "push" | "pull" }): Promise<void> {
  try {
    const { failed, troubles, end } = await (task.do === "push" ? push(task) : pull(task));
    latest.flush();
    news({ tell: "done", figures: lastFigures(end), failedCount: failed + troubles });
  } catch (thrown) {
    const { code, message } = toSyncError(thrown);
    latest.flush();
    news({ tell: "failed", code, message });
  }
}

async function push({ url, token }: WorkerTask & { do: "push" }): Promise<Outcome> {
  let before = 0;
  const run = createSender({
    ...listeners(),
    connect: connectTo(url, "push", token),
    compress: true,
    openSource() {
      meter.restart();
      return meteredSource(fileListSource(picked), meter);
    },
    onProgress(progress) {
      meter.travel(progress.sentBytes - before);
      before = progress.sentBytes;
      latest.set(progress);
    },
  });
  const end = await run.done;
  return { failed: end.failed, troubles: end.troubles, end };
}

async function pull({ url, token, path }: WorkerTask & { do: "pull" }): Promise<Outcome> {
  const directory = await openKept(path);
  const connect = connectTo(url, "pull", token);
  let before = 0;
  const run = createReceiver({
    ...listeners(),
    async connect(options) {
      const duplex = await connect(options);
      await noteKept({ path }); // not before: there may be no such thing at the server
      return duplex;
    },
    openTarget() {
      meter.restart();
      return meteredTarget(opfsTarget(directory), meter);
    },
    onProgress(progress) {
      meter.travel(progress.receivedBytes - before);
      before = progress.receivedBytes;
      latest.set(progress);
    },
  });
  const end = await run.done;
  await noteKept({ path, completeMs: Date.now() });
  return { failed: end.failed, troubles: Math.max(0, end.troubles - end.failedAtSender), end };
}

interface Outcome {
  readonly failed: number;
  readonly troubles: number;
  readonly end: SendSummary | ReceiveSummary;
}

function listeners(): Required<Pick<SendOptions, "onTrouble">> & ReconnectOptions {
  return {
    onTrouble: ({ message, detail }) => news({ tell: "trouble", message, path: detail.path ?? "" }),
    onRetry(retry) {
      retryNow = retry.retryNow;
      const { code, message } = retry.error;
      latest.flush();
      news({ tell: "retry", code, message, waitMs: retry.waitMs });
    },
  };
}

function tellProgress(session: SendProgress | ReceiveProgress): void {
  news({ tell: "progress", figures: figuresOf(session) });
}

/** What is not wanted is at the receiver already. */
function figuresOf(session: SendProgress | ReceiveProgress): Figures {
  const { figures } = meter;
  const keptBytes = figures.totalBytes - session.wantedBytes;
  const reusedBytes = Math.max(0, keptBytes + session.reusedBytes);
  return { ...figures, reusedBytes, isListed: session.listed, name: names.decode(session.currentName) };
}

function lastFigures(session: SendSummary | ReceiveSummary): Figures {
  const figures = figuresOf(session);
  const doneBytes = figures.totalBytes - session.wantedBytes + session.chunkBytes;
  return { ...figures, doneBytes, isListed: true, name: "" };
}

function news(what: WorkerNews): void {
  postMessage(what);
}
