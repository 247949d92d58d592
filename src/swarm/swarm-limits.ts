/** Bounds of a swarm. */
export const swarmLimits = Object.freeze({
  /** Peers that one may be joined to. */
  peerCount: 64,
  /** Chunks that a peer may have asked for and not got. */
  wantedCount: 1024,
  /** Chunks that a peer may say it has when it joins. */
  heldCount: 262_144,
  /** Characters of a swarm's name. */
  nameChars: 255,
});

/** Time limits of a swarm, in milliseconds. They are local: no peer can change them. */
export const swarmTimes = Object.freeze({
  /** A peer that was asked and delivered nothing for so long is left. */
  patienceMs: 60_000,
});
