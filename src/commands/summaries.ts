/** What each verb does, a sentence, in the order in which help lists them: told without loading any. */
export const summaries = {
  acquire: "Take frames from a camera, or replay them from files.",
  track: "Find particles in every frame and link them over time; frames pass through.",
  archive: "Write frames and tracks to files: HDF5, OME-Zarr, TIFF, tables or the frame stream itself.",
  compress: "Write every frame to a lossless JPEG XL file of its own.",
  tee: "Pass a stream on as it is, so that others may look at it.",
  link: "Link, or link again, the rows of any table with frame, y and x.",
  run: "Run stages in one process over shared memory: a run file, or stages joined by the word then.",
  tell: "Speak to a run that is going: ask how it stands, pause a link, note something down, end it.",
  inspect: "Say what is in a file or a stream: shape, frames, rate, gaps, settings, ledger; draw a frame.",
  verify: "Say whether a file is whole: checksums, every frame decoded, ledger, closed in order.",
  recover: "Get back what is whole in a damaged or cut file, into a new file.",
  schema: "Print the JSON Schema of run files, for editors.",
} as const;
