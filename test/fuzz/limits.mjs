/** What no input may make Mote do. */
export const limits = {
  /** Longer is a hang, milliseconds. */
  hangMs: 10_000,
  /** A process may hold so much. */
  residentBytes: 1.5e9,
  /** Files may get so large, beside ten times the input. */
  writtenBytes: 200e6,
};

export const mayWrite = (inputBytes) => 10 * inputBytes + limits.writtenBytes;
