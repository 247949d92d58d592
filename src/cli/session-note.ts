let isReached = false;

/** Notes that this run has come to a session. */
export function noteSession(): void {
  isReached = true;
}

/** Returns whether this run has come to a session: then it has called what transfers call. */
export function hasReachedSession(): boolean {
  return isReached;
}
