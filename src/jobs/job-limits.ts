/** Bounds of jobs. */
export const jobLimits = Object.freeze({
  /** Jobs that are under way at one time, and of one client. */
  runningCount: 4,
  runningPerClientCount: 2,
  /** Previews that are under way at one time beside them. */
  previewCount: 2,
  /** Jobs of one client that wait or are scheduled. */
  waitingPerClientCount: 1000,
  /** Jobs that are kept when they are over; the oldest go first. */
  keptJobCount: 20_000,
  /** Lines of one log that are kept; the oldest go first. */
  logLineCount: 200_000,
  /** Characters of one line. */
  logLineChars: 1024,
  /** Characters of the logs of all jobs; beyond it those of the oldest go. */
  logsChars: 1_073_741_824,
  /** Lines in one answer. */
  logPageCount: 1000,
  /** Jobs in one answer. */
  jobPageCount: 500,
  /** Paths of each kind that a preview names. */
  previewPathCount: 100,
  /** Points of the course of a job that are kept. */
  sampleCount: 240,
  /** Bytes of the body of a request. */
  jobRequestBytes: 1_048_576,
  /** Listeners to events at one time. */
  listenerCount: 64,
  /** Times in a row that a job may have been under way when the program died. */
  attemptCount: 5,
});

/** Times of jobs, in milliseconds. */
export const jobTimes = Object.freeze({
  /** Between two tellings of where jobs stand. */
  tellMs: 250,
  /** Until lines of logs are on the disk. */
  logWriteMs: 250,
  /** Between two looks at the clock for schedules: it may jump. */
  clockMs: 30_000,
  /** Until the body of a request is here. */
  requestMs: 30_000,
  /** Between two signs of life to listeners. */
  keepAliveMs: 15_000,
});
