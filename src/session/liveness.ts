/** How long a session waits. Milliseconds; 0 means for ever. */
export interface LivenessOptions {
  /** From the start until the peer's HELLO is complete, however it trickles in. */
  readonly helloMs?: number;
  /** Without hearing anything from the peer. */
  readonly stallMs?: number;
  /**
   * Without saying anything, or without telling how much has come, before a PING is sent; 0 for
   * none.
   */
  readonly keepAliveMs?: number;
  /**
   * Bytes a second, averaged over `paceMs`, at which the peer has to take what is sent to it and to
   * complete a frame; 0 for any.
   */
  readonly minRateBytes?: number;
  /** Over how long that is averaged; 0 turns it off. */
  readonly paceMs?: number;
}
