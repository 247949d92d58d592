import { describe, expect, it } from "vitest";
import { generateToken } from "../../../src/http/tokens.node.ts";
import { type Job, orderNames } from "../../../src/jobs/job.ts";
import { orderFields } from "../../../src/tree/order/order-fields.ts";
import type { Schema } from "./schema.ts";
import { ask, schemas, serveJobs } from "./served-jobs.ts";

const elsewhere = { name: "far", place: "host.invalid:/srv" };

/** Jobs that have to wait, between directories of the server and elsewhere. */
const schedule = "0 0 1 1 *";
const here = { from: "root/tree/", to: "root/copy", schedule };
const far = { from: "far/tree/", to: "far/copy", schedule };

/** What is answered to what is not taken. */
interface Refused {
  readonly error: { readonly field?: string };
}

/** A field as the description has it, in a job that has nothing else. */
interface Field {
  readonly name: string;
  readonly schema: Schema;
  readonly jobWith: (value: unknown) => object;
}

function fields(): readonly Field[] {
  const of = (schema: Schema, prefix: string, jobWith: (name: string, value: unknown) => object): Field[] =>
    Object.entries(schema.properties!)
      .filter(([, { $ref, type }]) => $ref === undefined && type !== "object")
      .map(([name, field]) => ({
        name: `${prefix}${name}`,
        schema: field,
        jobWith: (value) => jobWith(name, value),
      }));
  const order = schemas["Order"]!;
  return [
    ...of(schemas["JobSpec"]!, "", (name, value) => ({ [name]: value })),
    ...of(order, "order.", (name, value) => ({ order: { [name]: value } })),
    ...of(order.properties!["rule"]!, "order.rule.", (name, value) => ({
      order: { rule: { [name]: value } },
    })),
  ];
}

/** Values that the description allows, at its bounds where it has some. */
function rightValues({ name, schema }: Field): readonly unknown[] {
  const { type, enum: words, minimum = 0, maximum = Number.MAX_SAFE_INTEGER, examples } = schema;
  if (words) return words;
  if (type === "boolean") return name === "preview" ? [false] : [true, false]; // of now, so not at times
  if (type === "integer") return [minimum, maximum];
  expect(examples, `${name} has an example`).toBeDefined();
  return examples!;
}

/** Values that it does not allow. */
function wrongValues({ type, enum: words, minimum, maximum, maxLength, maxItems, items }: Schema): unknown[] {
  if (words) return ["odd", 1];
  if (type === "boolean") return ["true", 1, null];
  if (type === "integer") return [minimum! - 1, 1.5, "1", ...(maximum === undefined ? [] : [maximum + 1])];
  if (type === "string") return [1, null, "x".repeat(maxLength! + 1), "a\0b"];
  const lists = [Array.from({ length: maxItems! + 1 }, () => "a"), ["x".repeat(items!.maxLength! + 1)]];
  return ["x", [1], ...lists];
}

describe("each field that is described", () => {
  it("is taken with every value that it may have, and with no other", async () => {
    const { secret, token } = generateToken("all", ["read", "write", "delete"]);
    const { url } = await serveJobs({ server: { tokens: [token] }, places: [elsewhere] });
    const submit = async (body: object) => ask<Job>(url, "POST v1/jobs", { body, token: secret });
    for (const field of fields()) {
      for (const value of rightValues(field)) {
        const { status, answer } = await submit({ ...far, ...field.jobWith(value) });
        expect([field.name, status, answer.spec]).toMatchObject([field.name, 200, field.jobWith(value)]);
        const isHere = value === false || field.schema.description?.includes(": 501.") !== true;
        const { status: local } = await submit({ ...here, ...field.jobWith(value) });
        expect([field.name, local]).toEqual([field.name, isHere ? 200 : 501]);
      }
      for (const value of wrongValues(field.schema)) {
        const { status, answer } = await submit({ ...far, ...field.jobWith(value) });
        const told = JSON.stringify(value).slice(0, 20);
        const { error } = answer as unknown as Refused;
        expect([told, status, error.field]).toEqual([told, 400, field.name]);
      }
    }
  });

  it("says that it needs the scope to delete where it does", () => {
    for (const name of orderNames) {
      const { description } = schemas["Order"]!.properties![name]!;
      expect([name, description?.includes("Needs the scope `delete`")]).toEqual([
        name,
        orderFields[name].deletes === true,
      ]);
    }
  });
});
