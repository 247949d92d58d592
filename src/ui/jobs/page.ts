/** The page of jobs: shows what its address says, and what the server tells of jobs. */

import { isSyncError, toSyncError } from "../../errors.ts";
import { checkedField } from "../checked-field.ts";
import { element } from "../elements.ts";
import { noteToken, readToken } from "../job.ts";
import { sentenceText } from "../texts.ts";
import { findTokenFault } from "../token.ts";
import { calls, hearEvents } from "./calls.ts";
import { bindForm, openForm, showFormFault } from "./form-view.ts";
import { noteHeard } from "./heard.ts";
import { bindJob, openJob, updateJob } from "./job-view.ts";
import { bindList, dropRow, showList, updateRow } from "./list-view.ts";

const fault = element("fault", HTMLElement);
const connection = element("connection", HTMLElement);
const back = element("back", HTMLElement);
const token = checkedField("token", findTokenFault);
const sections = {
  list: ["list"],
  form: ["form"],
  job: ["job", "log"],
} as const;

/** Until it is tried again to hear of jobs. Milliseconds. */
const againMs = 2000;
let hearing = new AbortController();

element("server", HTMLElement).textContent = location.host;
token.input.value = readToken();
element("access", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  token.input.blur();
});
token.input.addEventListener("change", () => {
  const typed = token.read();
  if (typed === undefined) return;
  noteToken(typed.trim());
  hearing.abort(); // what is heard from now on is for this token
  guard(show());
});
bindList(guard);
bindForm((thrown) => {
  const { detail, message } = toSyncError(thrown);
  showFormFault(detail.field, sentenceText(message));
});
bindJob(guard);
addEventListener("hashchange", () => guard(show()));
guard(show());
void listen();

/** Shows what the address says. */
async function show(): Promise<void> {
  fault.hidden = true;
  const { hash } = location;
  const revealed = (shown: keyof typeof sections) => (): boolean => {
    if (location.hash !== hash) return false;
    reveal(shown);
    return true;
  };
  back.hidden = hash === "" || hash === "#/";
  const [, kind = "", id = ""] = /^#\/(job|new)?\/?(\d*)$/.exec(hash) ?? [];
  if (kind === "job" && id !== "") return openJob(Number(id), revealed("job"));
  if (kind === "new") {
    return openForm(id === "" ? undefined : Number(id), await calls.describe(), revealed("form"));
  }
  await showList(revealed("list"));
  // Who comes from a job or the form goes on from here by keyboard.
  if (hash !== "" && location.hash === hash) element("list", HTMLElement).focus();
}

function reveal(shown: keyof typeof sections): void {
  for (const [name, ids] of Object.entries(sections))
    for (const id of ids) element(id, HTMLElement).hidden = name !== shown;
}

/** Hears of jobs, and again when that ends. */
async function listen(): Promise<void> {
  for (;;) {
    hearing = new AbortController();
    try {
      await hearEvents(
        {
          onConnect: () => {
            if (connection.textContent !== "") guard(show());
            connection.textContent = "";
          },
          onJob: (job) => {
            noteHeard(job.id, job);
            updateRow(job);
            guard(updateJob(job));
          },
          onRemoved: (id) => {
            noteHeard(id, undefined);
            dropRow(id);
          },
        },
        hearing.signal,
      );
    } catch {
      // It is told, and tried again.
    }
    connection.textContent = "Not live: connecting …";
    await new Promise((resolve) => setTimeout(resolve, hearing.signal.aborted ? 0 : againMs));
  }
}

function guard(work: Promise<unknown>): void {
  work.catch((thrown: unknown) => {
    fault.textContent = wordsOf(thrown);
    fault.hidden = false;
    if (isSyncError(thrown, "UNAUTHORIZED")) token.refuse("The server asks for a token that allows this.");
  });
}

function wordsOf(thrown: unknown): string {
  return sentenceText(toSyncError(thrown).message);
}
