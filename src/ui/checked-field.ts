import { element } from "./elements.ts";

/** A field of the page below which stands what is wrong with what was typed. */
interface CheckedField {
  readonly input: HTMLInputElement;
  /** What was typed; undefined, and told, when that is nothing to go on with. */
  read(): string | undefined;
  /** Says what is wrong, and lets it be changed at once. */
  refuse(fault: string): void;
}

/**
 * Makes a field check what is typed when it is read: a message that came when it is left would move
 * the button that is being clicked.
 *
 * @param id of the input; its message is the element of this id and `-fault`
 * @param findFault what is wrong with a text, if anything
 */
export function checkedField(id: string, findFault: (typed: string) => string | undefined): CheckedField {
  const input = element(id, HTMLInputElement);
  const message = element(`${id}-fault`, HTMLElement);
  const show = (fault: string | undefined): void => {
    message.textContent = fault ?? "";
    input.setAttribute("aria-invalid", `${fault !== undefined}`);
  };
  const refuse = (fault: string): void => {
    show(fault);
    input.focus();
  };
  input.addEventListener("input", () => {
    if (findFault(input.value) === undefined) show(undefined);
  });
  return {
    input,
    refuse,
    read() {
      const fault = findFault(input.value);
      if (fault === undefined) return input.value;
      refuse(fault);
      return undefined;
    },
  };
}
