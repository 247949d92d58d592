import { element } from "./elements.ts";
import { countText } from "./texts.ts";

const parts = {
  wait: element("job-wait", HTMLElement),
  countdown: element("job-countdown", HTMLElement),
  retry: element("job-retry", HTMLButtonElement),
};

let timer: ReturnType<typeof setInterval> | undefined;

/**
 * Says what is to happen when somebody does not want to wait; it also happens when the network is
 * back.
 */
export function bindWait(onRetry: () => void): void {
  parts.retry.addEventListener("click", onRetry);
  addEventListener("online", () => {
    if (!parts.wait.hidden) onRetry();
  });
}

/** Counts down to the next attempt, without being read out each second. */
export function showWait(waitMs: number): void {
  hideWait();
  const endMs = performance.now() + waitMs;
  const draw = (): void => {
    const seconds = Math.max(0, Math.ceil((endMs - performance.now()) / 1000));
    parts.countdown.textContent =
      seconds === 0 ? "Connecting again …" : `Connecting again in ${countText(seconds, "second", "seconds")}`;
    parts.retry.disabled = seconds === 0;
  };
  draw();
  timer = setInterval(draw, 250);
  parts.wait.hidden = false;
}

/** Takes the countdown away. */
export function hideWait(): void {
  clearInterval(timer);
  parts.wait.hidden = true;
}
