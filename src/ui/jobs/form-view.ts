import type { Job, JobSpec, OrderOfJob } from "../../jobs/job.ts";
import { element } from "../elements.ts";
import { calls, type Description } from "./calls.ts";
import { checkFields, clearFields, fields, refuseField } from "./form-fields.ts";
import { made } from "./made.ts";

const text = (id: string) => element(id, HTMLInputElement);

const parts = {
  form: element("form", HTMLFormElement),
  title: element("form-title", HTMLElement),
  places: element("places", HTMLElement),
  from: fields.from.input,
  to: fields.to.input,
  name: fields.title.input,
  deletes: text("form-delete"),
  most: fields["order.maxDeletedCount"].input,
  removes: text("form-remove"),
  newer: text("form-newer"),
  existing: text("form-existing"),
  onlyNew: text("form-new"),
  filter: fields["order.filter"].input,
  backup: fields["order.backupDir"].input,
  rate: fields["order.bytesPerSecond"].input,
  retries: fields.retries.input,
  schedule: fields.schedule.input,
  fault: element("form-fault", HTMLElement),
  start: element("form-start", HTMLButtonElement),
};

/** What the form does not show, of the job that a new one is made from. */
let kept: OrderOfJob = {};

/** Makes the form submit. @param onFault takes what fails otherwise */
export function bindForm(onFault: (thrown: unknown) => void): void {
  const submit = (isPreview: boolean): void => {
    parts.fault.textContent = "";
    if (!checkFields()) return;
    const spec = readForm();
    const { schedule: _, ...once } = spec;
    const asked = isPreview ? { ...once, preview: true } : spec;
    void calls.submit(asked).then(({ id }: Job) => (location.hash = `#/job/${id}`), onFault);
  };
  parts.form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit(true);
  });
  parts.start.addEventListener("click", () => submit(false));
  parts.schedule.addEventListener("input", () => {
    parts.start.textContent = parts.schedule.value.trim() === "" ? "Start now" : "Save the schedule";
  });
}

/** Says what is wrong with what was asked for: at a field, or else at the end. */
export function showFormFault(field: string | undefined, message: string): void {
  if (!refuseField(field, message)) parts.fault.textContent = message;
}

/**
 * Shows the form, filled in as another job was.
 *
 * @param reveal called when there is something to see; false when something else is to be seen now
 */
export async function openForm(
  from: number | undefined,
  { places, fixed }: Description,
  reveal: () => boolean,
): Promise<void> {
  const spec = from === undefined ? { from: "", to: "" } : (await calls.read(from)).spec;
  if (!reveal()) return;
  parts.form.reset();
  parts.fault.textContent = "";
  clearFields();
  parts.places.replaceChildren(
    ...places.map((name) => Object.assign(made("option", ""), { value: `${name}/` })),
  );
  fill(spec);
  for (const [name, input] of [
    ["from", parts.from],
    ["to", parts.to],
  ] as const) {
    input.readOnly = name in fixed;
    if (name in fixed) input.value = String(fixed[name]);
  }
  parts.schedule.dispatchEvent(new Event("input"));
  parts.title.focus();
}

function fill({ from, to, title = "", order = {}, retries, schedule = "" }: JobSpec): void {
  kept = order;
  const { rule = {}, filter = [], maxDeletedCount, bytesPerSecond } = order;
  parts.from.value = from;
  parts.to.value = to;
  parts.name.value = title;
  equalityInput(rule.equality ?? "time").checked = true;
  parts.deletes.checked = maxDeletedCount !== undefined;
  parts.most.value = String(maxDeletedCount ?? 1000);
  parts.removes.checked = order.removesSourceFiles === true;
  parts.newer.checked = rule.keepsNewer === true;
  parts.existing.checked = rule.onlyExisting === true;
  parts.onlyNew.checked = rule.onlyNew === true;
  parts.filter.value = filter.join("\n");
  parts.backup.value = order.backupDir ?? "";
  parts.rate.value = bytesPerSecond === undefined ? "" : String(Math.ceil(bytesPerSecond / 1000));
  parts.retries.value = retries === undefined ? "" : String(retries);
  parts.schedule.value = schedule;
}

function equalityInput(value: string): HTMLInputElement {
  return parts.form.querySelector<HTMLInputElement>(`[name="equality"][value="${value}"]`)!;
}

/** What was filled in. */
function readForm(): JobSpec {
  const equality = parts.form.querySelector<HTMLInputElement>('[name="equality"]:checked')!.value;
  const order: OrderOfJob = withoutEmpty({
    ...kept,
    rule: withoutEmpty({
      ...kept.rule,
      equality: equality === "time" ? undefined : equality,
      keepsNewer: parts.newer.checked || undefined,
      onlyExisting: parts.existing.checked || undefined,
      onlyNew: parts.onlyNew.checked || undefined,
    }),
    maxDeletedCount: parts.deletes.checked ? Number(parts.most.value) : undefined,
    removesSourceFiles: parts.removes.checked || undefined,
    filter: parts.filter.value.split("\n").filter((line) => line.trim() !== ""),
    backupDir: parts.backup.value.trim() || undefined,
    bytesPerSecond: Number(parts.rate.value) * 1000 || undefined,
  });
  return withoutEmpty({
    from: parts.from.value.trim(),
    to: parts.to.value.trim(),
    title: parts.name.value.trim() || undefined,
    order,
    retries: parts.retries.value.trim() === "" ? undefined : Number(parts.retries.value),
    schedule: parts.schedule.value.trim() || undefined,
  }) as JobSpec;
}

function withoutEmpty(fields: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
