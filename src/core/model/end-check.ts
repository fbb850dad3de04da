/** Judges the end of a stream that came from outside before its totals are counted on. */
import { mostFrames } from "./event-check.js";

/** What is wrong with it, as a clause behind "the end message", or undefined. */
export function endFault(value: unknown): string | undefined {
  if (!isObject(value)) return "is no JSON object";
  if (typeof value.isComplete !== "boolean") return "does not say whether it isComplete";
  if (!isCount(value.lost)) return `says that ${JSON.stringify(value.lost)} frames were lost`;
  if (value.notStored !== undefined && !isCount(value.notStored)) {
    return `says that ${JSON.stringify(value.notStored)} frames were not stored`;
  }
  if (value.failure !== undefined && typeof value.failure !== "string") return "has a failure that is no text";
  if (!Array.isArray(value.stages)) return "has no list of stages";
  for (const stage of value.stages as unknown[]) {
    const fault = stageFault(stage);
    if (fault) return fault;
  }
  return undefined;
}

function stageFault(value: unknown): string | undefined {
  if (!isObject(value) || typeof value.stage !== "string") return "has a stage without a name";
  const name = value.stage.slice(0, 40);
  for (const key of ["in", "out", "failed"]) {
    if (!isCount(value[key])) return `says that stage ${name} had ${JSON.stringify(value[key])} frames ${key}`;
  }
  if (!isObject(value.dropped) || !Object.values(value.dropped).every(isCount)) {
    return `does not say what stage ${name} dropped`;
  }
  return isObject(value.summary) ? undefined : `has no summary of stage ${name}`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Totals add up over several spans and stages: they may be larger than one span, and are exact all the same. */
function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= 32 * mostFrames;
}
