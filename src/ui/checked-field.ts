import { element } from "./elements.ts";

/** What a text is typed into. */
type TextInput = HTMLInputElement | HTMLTextAreaElement;

/** Says what is wrong with a text, if anything. */
type FindFault = (typed: string) => string | undefined;

/** A field of the page below which stands what is wrong with what was typed. */
export interface CheckedField<Input extends TextInput = HTMLInputElement> {
  readonly input: Input;
  /** What was typed; undefined, and told, when that is nothing to go on with. */
  read(): string | undefined;
  /** Says what is wrong, and lets it be changed at once. */
  refuse(fault: string): void;
  /** Says nothing any more. */
  clear(): void;
}

/**
 * Makes a field check what is typed when it is read: a message that came when it is left would move
 * the button that is being clicked.
 *
 * @param id of the input; its message is the element of this id and `-fault`
 */
export function checkedField(id: string, findFault: FindFault): CheckedField {
  return checkedInput(element(id, HTMLInputElement), findFault);
}

/** The same of an input that is at hand. */
export function checkedInput<Input extends TextInput>(
  input: Input,
  findFault: FindFault,
): CheckedField<Input> {
  const message = element(`${input.id}-fault`, HTMLElement);
  const show = (fault: string | undefined): void => {
    message.textContent = fault ?? "";
    input.setAttribute("aria-invalid", `${fault !== undefined}`);
  };
  const refuse = (fault: string): void => {
    show(fault);
    const folded = input.closest("details");
    if (folded) folded.open = true; // what is folded away takes no focus
    input.focus();
  };
  input.addEventListener("input", () => {
    if (findFault(input.value) === undefined) show(undefined);
  });
  return {
    input,
    refuse,
    clear: () => show(undefined),
    read() {
      const fault = findFault(input.value);
      if (fault === undefined) return input.value;
      refuse(fault);
      return undefined;
    },
  };
}
