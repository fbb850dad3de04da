/** `resume`: a paused link goes on. */
import { chosenLink, linkField } from "../chosen-link.js";
import { defineRequest } from "../request.js";

export const resume = defineRequest({
  name: "resume",
  doc: "Let a paused link go on; nothing happens where it goes.",
  fields: { link: linkField },
  plain: ["link"],
  answer(run, fields) {
    const { linkIndex, ...named } = chosenLink(run, "resume", fields.link);
    run.view.shared.links[linkIndex]!.resume();
    return { ...named, isPaused: false };
  },
});
