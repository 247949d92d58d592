import { expect, onTestFinished, test, vi } from "vitest";
import { closingInTheEnd } from "../../../src/bytes/closing.ts";
import { abortOnInterrupt } from "../../../src/cli/interrupt.ts";
import { endingSignals } from "../../../src/cli/ignored-signals.ts";
import { pass, stopTime } from "../../simulated-time.ts";

test.each([
  ["a while after an interrupt", 1, 1500],
  ["at once by a second one", 2, 0],
])("a command whose last close never ends is ended %s", async (_, count, afterMs) => {
  stopTime();
  const kill = vi.spyOn(process, "kill").mockReturnValue(true);
  onTestFinished(() => {
    kill.mockRestore();
    for (const name of endingSignals) process.removeAllListeners(name);
  });
  const controller = new AbortController();
  abortOnInterrupt(controller);
  let over = false;
  const command = closingInTheEnd(
    async () => {},
    () => new Promise(() => {}),
  );
  void command.finally(() => (over = true));
  for (let i = 0; i < count; i++) process.emit("SIGINT");
  expect(controller.signal.reason).toMatchObject({ code: "ABORTED" });
  await pass(afterMs);
  expect(over).toBe(false);
  expect(kill.mock.calls).toEqual([[process.pid, "SIGINT"]]);
});
