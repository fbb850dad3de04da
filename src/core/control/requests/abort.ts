/** `abort`: the run ends now. */
import { defineRequest } from "../request.js";

export const abort = defineRequest({
  name: "abort",
  doc: "End the run at once, as the second Ctrl-C does: what is in flight is lost, what was stored before is whole.",
  fields: {},
  plain: [],
  answer(run) {
    run.abort();
    return { state: "aborted" };
  },
});
