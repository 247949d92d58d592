import type { FrameBytes } from "./frame.ts";
import type { Link } from "./link.ts";

/** What a session says at its end of its frames. */
export function framesOf({ sentFrames: sent, receivedFrames: received }: Link): {
  readonly sent: FrameBytes;
  readonly received: FrameBytes;
} {
  return { sent, received };
}
