import { checkedField, checkedInput } from "../checked-field.ts";
import { element } from "../elements.ts";

const anything = (): undefined => undefined;
const given =
  (otherwise: string) =>
  (typed: string): string | undefined =>
    typed.trim() === "" ? otherwise : undefined;
const number = (typed: string): string | undefined =>
  /^\d*$/.test(typed.trim()) ? undefined : "This is no whole number.";

/** What is typed into the form, by the names that its fields have in a job. */
export const fields = {
  from: checkedField("form-from", given("Say where it comes from.")),
  to: checkedField("form-to", given("Say where it goes to.")),
  title: checkedField("form-title-text", anything),
  "order.maxDeletedCount": checkedField("form-most", number),
  "order.filter": checkedInput(element("form-filter", HTMLTextAreaElement), anything),
  "order.backupDir": checkedField("form-backup", anything),
  "order.bytesPerSecond": checkedField("form-rate", number),
  retries: checkedField("form-retries", number),
  schedule: checkedField("form-schedule", anything),
} as const;

/** True when all can be gone on with; otherwise the first that cannot has the focus. */
export function checkFields(): boolean {
  clearFields();
  const inTurn = Object.values(fields).toReversed();
  return inTurn.filter((field) => field.read() === undefined).length === 0;
}

/** Takes away what was said of them. */
export function clearFields(): void {
  for (const field of Object.values(fields)) field.clear();
}

/** Says at a field what the server says of it; false for one that is not in the form. */
export function refuseField(name: string | undefined, fault: string): boolean {
  if (name === undefined || !Object.hasOwn(fields, name)) return false;
  fields[name as keyof typeof fields].refuse(fault);
  return true;
}
