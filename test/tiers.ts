/**
 * Which tests `npm test` leaves to `npm run test:all`: those that start, kill and judge programs by the dozen. A file that is
 * not listed is of the quick tier, which has to stay under three minutes on two processors.
 */
export const slowTests: readonly string[] = [
  // Every container against every fault.
  "test/faults/containers.test.ts",
  "test/faults/branched-runs.test.ts",
  "test/faults/holding.test.ts",
  "test/faults/kills.test.ts",
  "test/faults/vanished.test.ts",
  "test/faults/error-codes.test.ts",
  // What is replaced, refused and left of every container.
  "test/e2e/claims.test.ts",
  // Kills, full disks and failing disks, container by container, judged by other people's programs.
  "test/core/storage/faults.test.ts",
  "test/core/storage/table-faults.test.ts",
  "test/core/storage/tiff-faults.test.ts",
  "test/core/storage/zarr-faults.test.ts",
  "test/core/storage/h5-crash.test.ts",
  "test/core/storage/short-writes.test.ts",
  "test/e2e/disk-full.test.ts",
  "test/e2e/faulty-disks.test.ts",
  "test/e2e/output-file.test.ts",
  // How much memory the HDF5 library has in a process that is its own.
  "test/core/storage/h5-memory.test.ts",
  // Dozens of power cuts for every container and every plan of syncs.
  "test/power-cut/power-cut.test.ts",
  "test/power-cut/refused-syncs.test.ts",
  // Real time: cameras that outrun disks and pipes.
  "test/core/pipeline/spill.test.ts",
  "test/e2e/ends-add-up.test.ts",
  "test/e2e/spill.test.ts",
  "test/e2e/taps.test.ts",
  // Processes that wait for signals, and for the clock.
  "test/e2e/signals.test.ts",
  "test/e2e/shared-streams.test.ts",
  // Rows of processes, which are interrupted and lose frames.
  "test/e2e/pipelines.test.ts",
  // Every example of the help, as it stands there.
  "test/e2e/examples.test.ts",
  // Whole frames against tiles of several sizes, with workers by number.
  "test/e2e/tiles.test.ts",
  // Every format into every other, of an older Mote too, every flipped byte.
  "test/e2e/round-trips.test.ts",
  "test/e2e/older-files.test.ts",
  "test/e2e/verify.test.ts",
  "test/core/storage/flips.test.ts",
  "test/core/storage/arrow-flips.test.ts",
  "test/core/codecs/gradient-flips.test.ts",
  "test/core/acquire-flips.test.ts",
  "test/core/storage/parquet-verify.test.ts",
  "test/core/storage/verify-folder.test.ts",
  "test/core/storage/verify-h5.test.ts",
  "test/core/storage/verify-mote-bytes.test.ts",
  "test/core/storage/verify-tiff.test.ts",
  "test/core/storage/zarr-verify.test.ts",
  // Scenes that put the fast band-pass in doubt, pixel by pixel.
  "test/core/tracking/locate-doubt.test.ts",
  // Accuracy, over thousands of simulated particles.
  "test/core/tracking/refine.test.ts",
  "test/core/tracking/ring.test.ts",
  // A process for every run that is spoken to, and one for every word.
  "test/e2e/control.test.ts",
  // Whole runs into every container, with branches and without.
  "test/e2e/branches.test.ts",
  "test/core/pipeline/random-graphs.test.ts",
  // Whole reference movies, and what other people's programs make of the same scenes, files and tables.
  "test/core/tracking/link-peer.test.ts",
  "test/core/tracking/locate-peer.test.ts",
  "test/core/tracking/locate-reference.test.ts",
  "test/core/tracking/locate-reference-large.test.ts",
  "test/core/imaging/tiff-judge.test.ts",
  "test/core/codecs/jxl-judged.test.ts",
  "test/core/storage/arrow-judged.test.ts",
  "test/core/storage/tiff-judged.test.ts",
  "test/core/storage/zarr-judged.test.ts",
  "test/e2e/link-judged.test.ts",
  "test/e2e/python-numpy.test.ts",
  "test/e2e/tables.test.ts",
  // Compression at the lowest priority, which waits for whatever else runs.
  "test/e2e/compress.test.ts",
  // Threads that have to hang for seconds before they are ended.
  "test/e2e/bad-input.test.ts",
  // A process for every command, each with too little address space.
  "test/e2e/out-of-memory.test.ts",
  // Hundreds of mutated inputs of every format.
  "test/e2e/fuzz.test.ts",
];
