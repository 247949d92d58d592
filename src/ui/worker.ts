/** The worker of the page: it holds the session, so that the page never stands still. */

import { fileListSource } from "../browser/file-source.ts";
import { opfsTarget } from "../browser/opfs-target.ts";
import type { Picked } from "../browser/picked.ts";
import { toSyncError } from "../errors.ts";
import { createReceiver } from "../session/create-receiver.ts";
import { createSender } from "../session/create-sender.ts";
import type { ReconnectOptions } from "../session/reconnect.ts";
import type { SendOptions } from "../session/send.ts";
import { connectTo } from "./connect.ts";
import { noteKept, openKept } from "./kept-trees.ts";
import type { WorkerNews, WorkerTask } from "./messages.ts";
import { Meter, meteredSource, meteredTarget } from "./meter.ts";

/** How often a page hears of progress. */
const progressMs = 100;
/** How often a connection is tried that moves nothing: together some minutes, as long as a server takes to start anew. */
const retries = 10;

const picked: Picked[] = [];
const meter = new Meter();
let toldMs = 0;

onmessage = ({ data }: MessageEvent<WorkerTask>): void => {
  if (data.do === "take") picked.push(...data.picked);
  else void carryOut(data);
};

async function carryOut(task: Exclude<WorkerTask, { do: "take" }>): Promise<void> {
  try {
    const { failed, troubles } = await (task.do === "push" ? push(task) : pull(task));
    news({ tell: "done", figures: meter.figures, failedCount: failed + troubles });
  } catch (thrown) {
    const { code, message } = toSyncError(thrown);
    news({ tell: "failed", code, message });
  }
}

async function push({ url, token }: WorkerTask & { do: "push" }): Promise<Outcome> {
  let before = 0;
  const run = createSender({
    ...listeners(),
    connect: connectTo(url, "push", token),
    layout: "contents",
    compress: true,
    openSource() {
      meter.restart();
      before = 0;
      return meteredSource(fileListSource(picked), meter);
    },
    onProgress({ sentBytes }) {
      meter.travel(sentBytes - before);
      before = sentBytes;
      showProgress();
    },
  });
  return run.done;
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
      before = 0;
      return meteredTarget(opfsTarget(directory), meter);
    },
    onProgress({ receivedBytes }) {
      meter.travel(receivedBytes - before);
      before = receivedBytes;
      showProgress();
    },
  });
  const { failed, troubles, failedAtSender } = await run.done;
  await noteKept({ path, completeMs: Date.now() });
  return { failed, troubles: Math.max(0, troubles - failedAtSender) };
}

interface Outcome {
  readonly failed: number;
  readonly troubles: number;
}

function listeners(): Required<Pick<SendOptions, "onTrouble">> & ReconnectOptions {
  return {
    retries,
    onTrouble: ({ message, detail }) => news({ tell: "trouble", message, path: detail.path ?? "" }),
    onRetry: ({ error, waitMs }) => news({ tell: "retry", message: error.message, waitMs }),
  };
}

function showProgress(): void {
  const nowMs = performance.now();
  if (nowMs - toldMs < progressMs) return;
  toldMs = nowMs;
  news({ tell: "progress", figures: meter.figures });
}

function news(what: WorkerNews): void {
  postMessage(what);
}
