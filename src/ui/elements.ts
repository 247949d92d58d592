import { SyncError } from "../errors.ts";

/** The element of the page with this id. @throws INTERNAL when it is missing or another one */
export function element<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new SyncError("INTERNAL", `the page has no such element: ${id}`);
}

/** A button that says what it does, and to what for those who only hear it. */
export function makeButton(text: string, about: string, onClick: () => void): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = text;
  button.setAttribute("aria-label", `${text}: ${about}`);
  button.addEventListener("click", onClick);
  return button;
}
