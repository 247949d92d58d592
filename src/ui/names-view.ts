import { toSyncError } from "../errors.ts";
import type { SharedName, SharedNames } from "../tree/entry/shared-names.ts";
import { download, look } from "./download.ts";
import { element, makeButton } from "./elements.ts";
import { bytesText, countText, refusalText, sentenceText } from "./texts.ts";

const parts = {
  section: element("names", HTMLDetailsElement),
  path: element("names-path", HTMLElement),
  status: element("names-status", HTMLElement),
  list: element("names-list", HTMLElement),
  more: element("names-more", HTMLButtonElement),
  sendHere: element("names-send", HTMLButtonElement),
};

/** What the view of the server's tree asks of the page. */
interface NamesActions {
  /** The token to show; undefined, and told, when that cannot be one. */
  readonly readToken: () => string | undefined;
  readonly onSendHere: (path: string) => void;
  readonly onReceive: (path: string) => void;
  /** The server wants another token. */
  readonly onRefused: (message: string) => void;
}

let current = "";
let next: string | undefined;
let actions: NamesActions;
/** Which look is the last one: an answer to an earlier one comes too late. */
let lookCount = 0;

/** Says what is done with what is chosen. */
export function bindNames(given: NamesActions): void {
  actions = given;
  parts.section.addEventListener("toggle", () => {
    if (parts.section.open) void show("", false);
  });
  parts.sendHere.hidden = true;
  parts.more.addEventListener("click", () => void show(current, true));
  parts.sendHere.addEventListener("click", () => actions.onSendHere(current));
}

/** Looks once more when nothing could be seen: there is another token now. */
export function lookAgain(): void {
  if (parts.section.open && parts.sendHere.hidden) void show(current, false);
}

/** Shows a folder, or more of it. */
async function show(path: string, isMore: boolean): Promise<void> {
  const token = actions.readToken();
  if (token === undefined) return;
  const number = ++lookCount;
  parts.status.textContent = "Looking …";
  try {
    const after = isMore && next !== undefined ? `&after=${next}` : "";
    const found = (await (await look(path, `view=names${after}`, token)).json()) as SharedNames;
    if (number !== lookCount) return;
    const rows = found.names.map((each) => rowOf(path, each));
    if (!isMore) parts.list.replaceChildren();
    parts.list.append(...rows);
    current = path;
    next = found.next;
    showPath();
    const count = parts.list.childElementCount;
    parts.status.textContent =
      count === 0
        ? "This folder is empty."
        : `${countText(count, "name", "names")}${next === undefined ? "" : ", and more"}`;
    parts.more.hidden = next === undefined;
    parts.sendHere.hidden = false;
    (isMore
      ? rows[0]?.querySelector("button")
      : parts.path.querySelector<HTMLElement>("[aria-current]")
    )?.focus();
  } catch (thrown) {
    if (number === lookCount) tell(thrown);
  }
}

/** The way from the top, each folder of which can be gone back to. */
function showPath(): void {
  const names = current === "" ? [] : current.split("/");
  const steps = ["Top", ...names].map((name, depth) => {
    const step = makeButton(name, "open", () => void show(names.slice(0, depth).join("/"), false));
    if (depth === names.length) step.setAttribute("aria-current", "location");
    return step;
  });
  parts.path.replaceChildren(...steps);
}

function rowOf(folder: string, { name, kind, size }: SharedName): HTMLLIElement {
  const path = folder === "" ? name : `${folder}/${name}`;
  const row = document.createElement("li");
  const label = document.createElement(kind === "dir" ? "button" : "span");
  label.className = "name";
  label.textContent = kind === "dir" ? `${name}/` : name;
  if (kind === "dir") label.addEventListener("click", () => void show(path, false));
  const about = document.createElement("small");
  about.textContent =
    kind === "file" ? bytesText(size) : kind === "symlink" ? "link" : kind === "dir" ? "" : "other";
  row.append(label, about);
  if (kind === "file") row.append(makeButton("Download", name, () => void save(path)));
  if (kind === "file" || kind === "dir")
    row.append(makeButton("Receive", name, () => actions.onReceive(path)));
  return row;
}

async function save(path: string): Promise<void> {
  const token = actions.readToken();
  if (token === undefined) return;
  parts.status.textContent = "Downloading …";
  try {
    await download(path, token);
    parts.status.textContent = "The browser saves the file.";
  } catch (thrown) {
    tell(thrown);
  }
}

function tell(thrown: unknown): void {
  const { code, message } = toSyncError(thrown);
  const isRefused = code === "UNAUTHORIZED";
  parts.status.textContent = isRefused ? refusalText(message) : sentenceText(message);
  if (isRefused) actions.onRefused(message);
}
