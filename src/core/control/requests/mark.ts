/** `mark`: a note in the stream. */
import { failure } from "../../errors.js";
import { encodeNote, mostNoteLength } from "../../model/note.js";
import { option } from "../../option/option.js";
import { epochNow, isoText } from "../../time.js";
import { defineRequest } from "../request.js";

export const mark = defineRequest({
  name: "mark",
  doc: "Put a note into the stream, before the source's next frame: it travels with the frames and is stored beside them, with this moment.",
  fields: {
    text: option.custom(
      {
        doc: "What to note down.",
        required: true,
        expected: `text of up to ${mostNoteLength} characters`,
        metavar: "text",
      },
      (raw) => (typeof raw === "string" && raw !== "" && raw.length <= mostNoteLength ? raw : undefined),
    ),
  },
  plain: ["text"],
  answer({ name, view }, { text }) {
    const at = isoText(epochNow());
    const outcome = view.shared.mailbox.post(encodeNote({ text, at }));
    if (outcome === "closed")
      throw failure("not-now", `${name}, mark`, "the source has ended, so that nothing comes into the stream any more");
    if (outcome === "full")
      throw failure(
        "not-now",
        `${name}, mark`,
        "many notes wait already for the source's next frame",
        "Try again when a frame has come.",
      );
    return { at };
  },
});
