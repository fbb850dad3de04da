/** File names made of a frame's number, the run's number and the day: "run_{run:03}_frame_{frame:06}.jxl". */

export interface FrameNames {
  nameOf(frameNumber: number): string;
  /** True for a name this template gives to some frame of this run and day. */
  isOurs(name: string): boolean;
}

const placeholder = /\{([^{}]*)\}/g;
const known = /^(?:(frame|run)(?::0?(\d{1,2}))?|date)$/;

/** What is wrong with a template, as a complaint's second half; undefined when nothing is. */
export function templateFault(template: string, extension: string): string | undefined {
  for (const [whole, inside] of template.matchAll(placeholder)) {
    if (!known.test(inside!)) return `${whole} stands for nothing: expected {frame}, {run} or {date}`;
  }
  if (/[{}]/.test(template.replace(placeholder, ""))) return "a brace has no partner";
  if (!/\{frame[:}]/.test(template)) return "without {frame} all frames would have one name";
  if (/[/\\\0]/.test(template)) return "a name has no folders in it: they belong to --out";
  if (!template.toLowerCase().endsWith(extension)) return `expected a name that ends in ${extension}`;
  return undefined;
}

/** True when the template speaks of the run's number. */
export function namesRun(template: string): boolean {
  return /\{run[:}]/.test(template);
}

/** `{frame:06}` is the number with zeros in front to six digits; longer numbers are written in full. */
export function compileNames(template: string, given: { readonly run: number; readonly date: string }): FrameNames {
  const fill = (frame: string) =>
    template.replace(placeholder, (_, inside: string) => {
      const [, name, digits] = known.exec(inside)!;
      if (name === undefined) return given.date;
      return (name === "run" ? String(given.run) : frame).padStart(Number(digits ?? 0), "0");
    });
  /** The first number in a name of ours is a guess; filling it in again is the proof. */
  const pattern = new RegExp(`^${template.split(placeholder).map(patternOf).join("")}$`);
  function patternOf(part: string, at: number): string {
    // split() leaves what is inside of the braces at odd places, and the number of digits is not captured apart.
    if (at % 2 === 0) return part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    return part === "date" ? given.date : part.startsWith("run") ? "\\d+" : "(\\d+)";
  }
  return {
    nameOf: (frameNumber) => fill(String(frameNumber)),
    isOurs(name) {
      const found = pattern.exec(name);
      return found !== null && fill(String(Number(found[1]))) === name;
    },
  };
}
