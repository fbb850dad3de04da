/** `pause`: a link lets nothing out. */
import { failure } from "../../errors.js";
import { chosenLink, linkField } from "../chosen-link.js";
import { defineRequest } from "../request.js";

export const pause = defineRequest({
  name: "pause",
  doc: "Let nothing out of a link until it is resumed or the run ends: its stage rests, and what waits in front of it meets the link's policy.",
  fields: { link: linkField },
  plain: ["link"],
  answer(run, fields) {
    const { control, links } = run.view.shared;
    const { linkIndex, ...named } = chosenLink(run, "pause", fields.link);
    if (control.isDraining)
      throw failure("not-now", `${run.name}, pause`, "the run is ending and finishes what is in flight");
    links[linkIndex]!.pause();
    return { ...named, isPaused: true };
  },
});
