import { expect, it } from "vitest";
import { checkFixed } from "../../../src/jobs/check-fixed.node.ts";
import { parseFixed } from "../../../src/jobs/fixed-fields.ts";
import { JobPlaces } from "../../../src/jobs/job-places.node.ts";

const places = new JobPlaces([{ name: "photos", place: "host.invalid:/srv/photos" }]);
const check = (...texts: string[]): void =>
  checkFixed(Object.fromEntries(texts.map((text) => parseFixed(text))), places);

const refused: readonly (readonly [text: string, says: RegExp])[] = [
  ["foo=1", /^--fix foo: there is no such field; the fields are from, .*order\.filter.*; as in --fix to=/],
  ["order.foo=1", /^--fix order\.foo: there is no such field/],
  ['order={"inPlace":true}', /^--fix order: there is no such field/],
  ["to=music/x", /^--fix to: no place is called "music" here; there is photos/],
  ["from=photos/../x", /^--fix from: a name in the path of a place/],
  ["schedule=daily", /^--fix schedule: .* five fields of cron/],
  ["schedule=0 0 31 2 *", /^--fix schedule: .* never comes/],
  ["retries=few", /^--fix retries: "retries" takes a whole number from 0 to 1000000, not "few"/],
  ["title=7", /^--fix title: "title" takes a text of 200 characters at most, not 7/],
  ["preview=yes", /^--fix preview: "preview" takes true or false, not "yes"/],
  ["order.rule=1", /^--fix order\.rule: "order\.rule" takes a record of fields, not 1/],
  ["order.durability=most", /^--fix order\.durability: .* takes one of .*, not "most"/],
  ["order.backupDir=../x", /^--fix order\.backupDir: a job works with no directory outside/],
];

it.each(refused)("--fix %s is refused with the field, what is there and an example", (text, says) => {
  expect(() => check(text)).toThrow(
    expect.objectContaining({ code: "USAGE", message: expect.stringMatching(says) as string }),
  );
  expect(() => check(text)).toThrow(/; as in --fix to=backup\/mine/);
});

it("fields that do not go together are refused, and those that do are not", () => {
  expect(() => check("preview=true", "schedule=0 0 * * *")).toThrow(/^--fix schedule: a preview/);
  check("to=photos/mine", "order.bytesPerSecond=1000000", "retries=3", "schedule=30 2 * * 1-5");
  check();
});
