import { tarOf } from "../browser/tar.ts";
import { stagingName } from "../tree/entry/staging-name.ts";
import { offer } from "./download.ts";
import { element, makeButton } from "./elements.ts";
import { type KeptTree, listKept, openKept, removeKept } from "./kept-trees.ts";
import { placeText } from "./texts.ts";

const parts = {
  section: element("kept", HTMLElement),
  list: element("kept-list", HTMLElement),
};

/** What the list of copies asks of the page. */
interface KeptActions {
  readonly onUpdate: (path: string) => void;
  readonly onProblem: (error: unknown) => void;
}

/** Shows the copies that this browser has. */
export async function showKept(actions: KeptActions): Promise<void> {
  const trees = await listKept();
  parts.list.replaceChildren(...trees.map((tree) => rowOf(tree, actions)));
  parts.section.hidden = trees.length === 0;
}

/** Lets nobody change copies while a job runs. */
export function lockKept(isLocked: boolean): void {
  for (const button of parts.list.querySelectorAll("button")) button.disabled = isLocked;
}

/** Gives a copy out as a download: a single file as it is, otherwise a tar archive. */
export async function saveKept(path: string): Promise<void> {
  const directory = await openKept(path);
  const only = await onlyFile(directory);
  if (only) return offer(only, only.name);
  const name = path.split("/").at(-1) || location.hostname;
  offer(await tarOf(directory), `${name}.tar`);
}

function rowOf({ path, completeMs }: KeptTree, { onUpdate, onProblem }: KeptActions): HTMLLIElement {
  const row = document.createElement("li");
  const name = document.createElement("span");
  name.className = "kept-name";
  name.textContent = placeText(path);
  const when = document.createElement("small");
  when.textContent =
    completeMs === undefined ? "not complete" : `complete, ${new Date(completeMs).toLocaleString()}`;
  name.append(when);
  const attempt = (work: Promise<void>): void => void work.catch(onProblem);
  const buttons = [
    makeButton(completeMs === undefined ? "Go on" : "Update", placeText(path), () => onUpdate(path)),
    makeButton("Save", placeText(path), () => attempt(saveKept(path))),
    makeButton("Remove", placeText(path), () =>
      attempt(removeKept(path).then(() => showKept({ onUpdate, onProblem }))),
    ),
  ];
  row.append(name, ...(completeMs === undefined ? [buttons[0]!, buttons[2]!] : buttons));
  return row;
}

async function onlyFile(directory: FileSystemDirectoryHandle): Promise<File | undefined> {
  let found: FileSystemHandle | undefined;
  for await (const handle of directory.values()) {
    if (handle.name === stagingName) continue;
    if (found || handle.kind === "directory") return undefined;
    found = handle;
  }
  return found && (found as FileSystemFileHandle).getFile();
}
