import { defineStage } from "../core/pipeline/stage.js";
import { summaries } from "./summaries.js";

export const tee = defineStage({
  name: "tee",
  role: "transform",
  summary: summaries.tee,
  description:
    "For --tap in a shell pipeline, between any two stages. Whatever a tap's reader does, the stream goes on.",
  options: {},
  examples: [
    {
      cmd: "acquire fixtures/beads.mote | mote tee --tap unix:beads.sock,every=10 | mote archive --out copy.mote --min-free 0",
      shows: "A recording while others look at every tenth frame.",
    },
  ],
  negotiate(input) {
    return { output: input!, plan: {} };
  },
  open: () => ({ push: () => undefined }),
});
