/** `stop`: the run ends in order. */
import { defineRequest } from "../request.js";

export const stop = defineRequest({
  name: "stop",
  doc: "End the run in order, as the first Ctrl-C does: the source ends, what is in flight is finished, files are closed.",
  fields: {},
  plain: [],
  answer(run) {
    run.stop();
    return { state: "draining" };
  },
});
