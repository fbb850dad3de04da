// A thread that joins teams: for every job it takes part in finding the particles of frames until the team's first member
// says that there are no more. Plain JavaScript: worker threads run it as it stands, on the build.
import { parentPort } from "node:worker_threads";
import { loadKernels } from "../../../dist/core/kernels/load-kernels.js";
import { RunControl, runControlWords } from "../../../dist/core/memory/run-control.js";
import { joinTeam } from "../../../dist/core/memory/team.js";
import { borrowPixels } from "../../../dist/core/model/pixel-format.js";
import { createParticleFinder } from "../../../dist/core/tracking/find/particle-finder.js";

parentPort.on("message", (job) => {
  const control = new RunControl(new Int32Array(job.words, 0, runControlWords));
  const flags = new Int32Array(job.words, runControlWords * 4, 1);
  const team = joinTeam(new Int32Array(job.words, 64), job.member, job.workers, control);
  try {
    const { memory } = job;
    const kernels = loadKernels(memory);
    const scratch = { team, scratchOffset: job.teamOffset };
    const finder = createParticleFinder({ ...job.setup, kernels, memory, scratchOffset: job.own, team: scratch });
    const pixels = borrowPixels(job.setup.format, memory.buffer, job.frameOffset, job.pixelCount);
    const table = {
      values: new Float64Array(memory.buffer, job.outOffset, job.outValues),
      offset: job.outOffset,
      capacity: job.capacity,
    };
    while (
      team.share(
        0,
        () => {},
        () => flags[0],
      ) === 0
    )
      finder.find(pixels, job.frameOffset, job.strideBytes, table);
  } catch {
    // The team's first member finds that it has been left alone, and fails the test.
    control.abort();
  }
});
