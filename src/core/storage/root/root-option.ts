/** The option of sinks that know the lab's folders. */
import { option } from "../../option/option.js";

/** `example` shows the names, as the second half of a sentence. */
export function rootOption(example: string) {
  return {
    root: option.path({
      doc: `Folder of all recordings: the files go to a folder of the day the run starts (local time, also past midnight), under the day's next free run number, ${example}. Runs that start together get different numbers.`,
      metavar: "folder",
    }),
  };
}
