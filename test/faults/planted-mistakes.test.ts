import { expect, test } from "vitest";
import { plantedMistakes, withMistake } from "./planted-mistakes.ts";

// `npm run soak -- mistakes` plants each and runs the test that has to find it.
test.each(plantedMistakes)("$name: the mistake can be planted", (mistake) => {
  expect(withMistake(mistake)).toContain(mistake.wrong);
});
