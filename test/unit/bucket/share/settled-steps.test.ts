import { expect, it } from "vitest";
import { SettledSteps, stepLimits } from "../../../../src/bucket/share/settled-steps.ts";
import { Lease } from "../../../../src/coordinator/lease.ts";

/** Steps of a lease, as many as may be open, none of which has ended. */
function fullSteps() {
  const lease = new Lease(
    { id: 0, beat: 0, isWanted: false, isWhole: false },
    (a, b) => Number(a) - Number(b),
  );
  const steps = new SettledSteps(lease);
  const ends = Array.from({ length: stepLimits.openStepCount }, (_, i) => steps.begin(`${i}`, false));
  return { steps, ends };
}

it("has one more step wait until the first of too many has ended", async () => {
  const { steps, ends } = fullSteps();
  let isThere = false;
  const room = steps.room().then(() => (isThere = true));
  ends[1]!({});
  await Promise.resolve();
  expect(isThere).toBe(false);
  ends[0]!({});
  await room;
});

it("has nobody wait for a step that failed", async () => {
  const { steps } = fullSteps();
  const room = steps.room();
  steps.stop();
  await room;
  await steps.room();
});
