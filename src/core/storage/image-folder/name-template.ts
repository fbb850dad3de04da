/** File names made of a frame's number, the run's number and the day: "run_{run:03}_frame_{frame:06}.jxl". */

export interface FrameNames {
  /** The template with all filled in but {frame}: another program can make the same names of it alone. */
  readonly filled: string;
  nameOf(frameNumber: number): string;
  /** True for a name this template gives to some frame of this run and day. */
  isOurs(name: string): boolean;
}

const placeholder = /\{([^{}]*)\}/g;
const known = /^(?:(frame|run)(?::0?(\d{1,2}))?|date)$/;

/**
 * What is wrong with a template, as a complaint's second half; undefined when nothing is. With `hasFolders` folders may
 * stand in front of the name, inside the one that the files go to, and not named after frames.
 */
export function templateFault(
  template: string,
  extensions: readonly string[],
  { hasFolders = false } = {},
): string | undefined {
  for (const [whole, inside] of template.matchAll(placeholder)) {
    if (!known.test(inside!)) return `${whole} stands for nothing: expected {frame}, {run} or {date}`;
  }
  if (/[{}]/.test(template.replace(placeholder, ""))) return "a brace has no partner";
  const { folders, name } = splitFolders(template);
  if (!/\{frame[:}]/.test(template)) return "without {frame} all frames would have one name";
  if (/[\\\0]/.test(template) || (!hasFolders && folders.length > 0)) {
    return "a name has no folders in it: they belong to --out";
  }
  if (folders.some((folder) => folder === "" || folder === "." || folder === "..")) {
    return "expected folders inside the one of --out";
  }
  if (!/\{frame[:}]/.test(name)) return "{frame} belongs into the name of the file, not of its folder";
  if (!extensions.some((extension) => name.toLowerCase().endsWith(extension))) {
    return `expected a name that ends in ${extensions.join(" or ")}`;
  }
  return undefined;
}

function splitFolders(template: string): { readonly folders: readonly string[]; readonly name: string } {
  const parts = template.split("/");
  return { folders: parts.slice(0, -1), name: parts.at(-1)! };
}

/** A template with folders in front: the folders, filled in, and the template of the name. */
export function inFolder(template: string, given: RunGiven): { readonly folder: string; readonly template: string } {
  const { folders, name } = splitFolders(template);
  return { folder: folders.map((folder) => fillIn(folder, given, "")).join("/"), template: name };
}

/** What a template's placeholders stand for in one run. */
export interface RunGiven {
  readonly run: number;
  readonly date: string;
}

function fillIn(template: string, { run, date }: RunGiven, frame: string): string {
  return template.replace(placeholder, (_, inside: string) => {
    const [, name, digits] = known.exec(inside)!;
    if (name === undefined) return date;
    return (name === "run" ? String(run) : frame).padStart(Number(digits ?? 0), "0");
  });
}

/** True when the template speaks of the run's number. */
export function namesRun(template: string): boolean {
  return /\{run[:}]/.test(template);
}

/** `{frame:06}` is the number with zeros in front to six digits; longer numbers are written in full. */
export function compileNames(template: string, given: RunGiven): FrameNames {
  const fill = (frame: string) => fillIn(template, given, frame);
  /** The first number in a name of ours is a guess; filling it in again is the proof. */
  const pattern = new RegExp(`^${template.split(placeholder).map(patternOf).join("")}$`);
  function patternOf(part: string, at: number): string {
    // split() leaves what is inside of the braces at odd places, and the number of digits is not captured apart.
    if (at % 2 === 0) return part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    return part === "date" ? given.date : part.startsWith("run") ? "\\d+" : "(\\d+)";
  }
  return {
    filled: template.replace(placeholder, (whole, inside: string) =>
      inside.startsWith("frame") ? whole : fillIn(whole, given, ""),
    ),
    nameOf: (frameNumber) => fill(String(frameNumber)),
    isOurs(name) {
      const found = pattern.exec(name);
      return found !== null && fill(String(Number(found[1]))) === name;
    },
  };
}
