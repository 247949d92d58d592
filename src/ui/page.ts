/** The page: takes what is picked, starts a worker and shows what it tells. */

import { type Picked, readDropped } from "../browser/picked.ts";
import { toSyncError } from "../errors.ts";
import { checkedField } from "./checked-field.ts";
import { urlOf } from "./connect.ts";
import { element } from "./elements.ts";
import { type Job, noteHandles, noteJob, noteToken, readHandles, readJob, readToken } from "./job.ts";
import {
  bindJob,
  goToJob,
  hideJob,
  showDone,
  showEnded,
  showJob,
  showProgress,
  showRetry,
  showTrouble,
} from "./job-view.ts";
import { lockKept, saveKept, showKept } from "./kept-view.ts";
import { takeCount, type WorkerNews, type WorkerTask } from "./messages.ts";
import { bindNames, lookAgain } from "./names-view.ts";
import { findPlaceFault, placeOf } from "./place.ts";
import { countText, placeText, refusalText, sentenceText } from "./texts.ts";
import { findTokenFault } from "./token.ts";

/** What is needed of handles beyond what the types of the platform say. */
interface AskingHandle {
  queryPermission(): Promise<PermissionState>;
  requestPermission(): Promise<PermissionState>;
}

const folderPicker = (
  globalThis as { showDirectoryPicker?: () => Promise<FileSystemDirectoryHandle> }
).showDirectoryPicker?.bind(globalThis);

const parts = {
  access: element("access", HTMLFormElement),
  drop: element("drop", HTMLElement),
  pickFolder: element("pick-folder", HTMLButtonElement),
  pickFiles: element("pick-files", HTMLButtonElement),
  inputFolder: element("input-folder", HTMLInputElement),
  inputFiles: element("input-files", HTMLInputElement),
  receive: element("receive", HTMLFormElement),
  receiveStart: element("receive-start", HTMLButtonElement),
  receiveSave: element("receive-save", HTMLInputElement),
};

const fields = {
  token: checkedField("token", findTokenFault),
  sendPath: checkedField("send-path", findPlaceFault),
  receivePath: checkedField("receive-path", findPlaceFault),
};

let worker: Worker | undefined;
/** What is being sent, for when it has to be sent again. */
let sending: readonly Picked[] = [];

element("server", HTMLElement).textContent = location.host;
fields.token.input.value = readToken();
fields.token.input.addEventListener("input", () => noteToken(fields.token.input.value.trim()));
bindJob({
  onStop: stop,
  onRetry: () => worker && order(worker, { do: "retry" }),
  onAgain: () => guard(resume(true)),
  onClose: close,
});
bindSending();
bindNames({
  readToken: () => fields.token.read()?.trim(),
  onSendHere: (path) => choose(fields.sendPath.input, path),
  onReceive: (path) => choose(fields.receivePath.input, path),
  onRefused: refuseToken,
});
fields.token.input.addEventListener("change", ({ currentTarget }) => {
  if (findTokenFault((currentTarget as HTMLInputElement).value) === undefined) lookAgain();
});
parts.access.addEventListener("submit", (event) => event.preventDefault());
parts.receive.addEventListener("submit", (event) => {
  event.preventDefault();
  const typed = fields.receivePath.read();
  if (typed !== undefined) receive(placeOf(typed), parts.receiveSave.checked);
});
refreshKept();
guard(resume(false));

/** Fills in what was chosen, and goes there. */
function choose(input: HTMLInputElement, path: string): void {
  input.value = path;
  input.dispatchEvent(new Event("input"));
  input.focus();
}

function refuseToken(message: string): void {
  fields.token.refuse(`The server says: ${message}.`);
}

function bindSending(): void {
  parts.pickFolder.addEventListener("click", () => guard(pickFolder()));
  parts.pickFiles.addEventListener("click", () => {
    if (fields.sendPath.read() !== undefined) parts.inputFiles.click();
  });
  for (const input of [parts.inputFolder, parts.inputFiles]) {
    input.addEventListener("change", () => {
      const files = [...(input.files ?? [])];
      const [first] = files;
      const folder = first?.webkitRelativePath.split("/")[0];
      if (first) send(files, folder || nameOf(files));
      input.value = "";
    });
  }
  // A drop beside the field would make the browser leave the page.
  for (const type of ["dragover", "drop"]) addEventListener(type, (event) => event.preventDefault());
  parts.drop.addEventListener("dragover", () => parts.drop.classList.toggle("over", !worker));
  parts.drop.addEventListener("dragleave", () => parts.drop.classList.remove("over"));
  parts.drop.addEventListener("drop", ({ dataTransfer }) => {
    parts.drop.classList.remove("over");
    if (dataTransfer && !worker)
      guard(readDropped(dataTransfer.items).then((picked) => send(picked, nameOf(picked))));
  });
}

async function pickFolder(): Promise<void> {
  if (fields.sendPath.read() === undefined) return;
  if (!folderPicker) return parts.inputFolder.click();
  try {
    const folder = await folderPicker();
    send([folder], folder.name);
  } catch (thrown) {
    if (!(thrown instanceof DOMException && thrown.name === "AbortError")) throw thrown;
  }
}

/** However many were picked, only some are looked at before the page gets its next turn. */
function send(picked: readonly Picked[], what: string): void {
  if (picked.length === 0) return;
  const typed = fields.sendPath.read();
  if (typed === undefined) return;
  sending = picked;
  guard(noteHandles(picked));
  begin({ kind: "push", path: placeOf(typed), what });
}

function receive(path: string, save: boolean): void {
  void navigator.storage.persist();
  begin({ kind: "pull", path, save });
}

/** Starts a job that somebody asked for, who is shown what becomes of it. */
function begin(job: Job): void {
  if (start(job)) goToJob();
}

/** False, and told, when there is no starting with this token. */
function start(job: Job): boolean {
  const token = fields.token.read()?.trim();
  if (token === undefined) return false;
  noteJob(job);
  setBusy(true);
  const where = job.path === "" ? "the server" : job.path;
  showJob(job.kind === "pull" ? `Receiving ${placeText(job.path)}` : `Sending ${job.what} to ${where}`);
  worker = new Worker(new URL("-/ui/worker.js", document.baseURI), { type: "module" });
  worker.addEventListener("message", ({ data }: MessageEvent<WorkerNews>) => take(data, job));
  worker.addEventListener("error", ({ message }) =>
    end(() => showEnded(message || "The worker failed.", true)),
  );
  const common = { url: urlOf(job.path, document.baseURI), token };
  if (job.kind === "pull") order(worker, { do: "pull", path: job.path, ...common });
  else guard(handOver(worker, { do: "push", ...common }));
  return true;
}

/** Copies of many files take a while to make: the page gets its turn in between. */
async function handOver(to: Worker, task: WorkerTask): Promise<void> {
  for (let at = 0; at < sending.length; at += takeCount) {
    order(to, { do: "take", picked: sending.slice(at, at + takeCount).map(namedFile) });
    await new Promise((resolve) => setTimeout(resolve));
  }
  order(to, task);
}

/** The path of a file does not travel with it in every browser. */
function namedFile(picked: Picked): Picked {
  if (!(picked instanceof File)) return picked;
  return { path: picked.webkitRelativePath || picked.name, file: picked };
}

function order(to: Worker, task: WorkerTask): void {
  to.postMessage(task);
}

function take(news: WorkerNews, job: Job): void {
  switch (news.tell) {
    case "progress":
      return showProgress(news.figures);
    case "trouble":
      return showTrouble(news.path, news.message);
    case "retry":
      return showRetry(news);
    case "failed":
      end(() => showEnded(reasonOf(news, job), true));
      if (news.code === "UNAUTHORIZED") refuseToken(news.message);
      return;
    case "done":
      noteJob(undefined);
      end(() => showDone(news.figures, news.failedCount));
      if (job.kind === "pull" && job.save) guard(saveKept(job.path));
  }
}

function reasonOf({ code, message }: WorkerNews & { tell: "failed" }, { kind }: Job): string {
  if (code === "UNAUTHORIZED") return refusalText(message);
  if (code === "NOT_FOUND" && kind === "push")
    return "There is no such folder at the server; only the last one of a path is made.";
  if (code === "NOT_FOUND") return "There is no such file or folder at the server.";
  if (code === "NO_SPACE") return "There is no more room: remove something that is kept, or free the disk.";
  if (code === "LOCKED") return "Another tab is receiving this.";
  return `${sentenceText(message)} (${code})`;
}

function stop(): void {
  end(() => showEnded("Stopped. What was done stays, and need not be done again.", false));
}

function end(show: () => void): void {
  worker?.terminate();
  worker = undefined;
  setBusy(false);
  show();
  refreshKept();
}

function close(): void {
  noteJob(undefined);
  hideJob();
}

/** Goes on with the job of this tab: at once when the page was loaded again, or when asked to. */
async function resume(isAsked: boolean): Promise<void> {
  const job = readJob();
  if (!job || worker) return;
  const go = isAsked ? begin : start;
  if (job.kind === "pull" || sending.length > 0) return void go(job);
  const handles = await readHandles();
  if (handles.length > 0 && (await mayRead(handles, isAsked))) {
    sending = handles as Picked[];
    return void go(job);
  }
  fields.sendPath.input.value = job.path;
  showJob(`Sending ${job.what}`);
  const how = handles.length > 0 && !isAsked ? "Go on" : "Choose the same again";
  showEnded(`Interrupted. ${how}: what arrived is not sent again.`, false);
}

/** Browsers let a page ask only when somebody clicked. */
async function mayRead(handles: readonly FileSystemHandle[], isAsked: boolean): Promise<boolean> {
  for (const handle of handles as unknown as readonly AskingHandle[]) {
    const state = isAsked ? await handle.requestPermission() : await handle.queryPermission();
    if (state !== "granted") return false;
  }
  return true;
}

function refreshKept(): void {
  guard(
    showKept({ onUpdate: (path) => receive(path, false), onProblem: report }).then(() =>
      lockKept(Boolean(worker)),
    ),
  );
}

function setBusy(isBusy: boolean): void {
  for (const button of [parts.pickFolder, parts.pickFiles, parts.receiveStart]) button.disabled = isBusy;
  lockKept(isBusy);
}

function nameOf(picked: readonly Picked[]): string {
  const first = picked[0];
  if (picked.length > 1 || !first) return countText(picked.length, "item", "items");
  return "path" in first ? first.path : first.name;
}

function guard(work: Promise<unknown>): void {
  work.catch(report);
}

/** Shows trouble that has no job of its own. */
function report(thrown: unknown): void {
  const { message } = toSyncError(thrown);
  showTrouble("", message);
}
