/** The frames of a session; docs/protocol.md §5 describes each. */
export const frameTypes = {
  HELLO: 0x01,
  ENTRIES: 0x02,
  WISH_FILES: 0x03,
  CHUNKS: 0x04,
  WISH_CHUNKS: 0x05,
  DATA: 0x06,
  PUSH: 0x07,
  SKIP: 0x08,
  FAILED: 0x09,
  CREDIT: 0x0a,
  END: 0x0b,
  DONE: 0x0c,
  ERROR: 0x0d,
  PING: 0x0e,
  WANT: 0x0f,
  HAVE: 0x10,
  LISTED: 0x11,
  CHANGES: 0x12,
  SAME: 0x13,
  PIECES: 0x14,
  WISH_PIECES: 0x15,
  DELTA: 0x16,
  WISH_PARTS: 0x17,
  COMPARE: 0x18,
  ROOT: 0x19,
  SUBTREES: 0x1a,
  PART: 0x1b,
  UNLISTED: 0x1c,
} as const;

/** The name of a frame's type. */
export type FrameType = keyof typeof frameTypes;
