/**
 * The shape of a run: which stage gets its frames from which. A stage has one input, its output may feed several; so it is a
 * tree that grows from the source and ends in sinks. Plain data; everything that can be wrong with it is found here.
 */
import type { Problem } from "../errors.js";
import { nearestName } from "../option/names.js";
import type { Role } from "./stage.js";

export interface GraphRequest {
  /** Name in reports and messages, unlike every other of the run. */
  readonly label: string;
  /** The stage's own name. */
  readonly name: string;
  readonly role: Role;
  /** Where complaints about its place say that it stands: "run.json, stages[2]". */
  readonly at: string;
  /** Label of the stage that its frames come from, or its name where only one has it; left out: the one before it. */
  readonly from?: string | undefined;
  /** It says how its frames shall come. */
  readonly hasLink?: boolean;
}

export interface StageGraph {
  /** Places in what was asked for, each behind the one that feeds it. Where it can, the order stays as it was given. */
  readonly order: readonly number[];
  /** Of each stage in this order, the position there of the one that feeds it; -1 of the source. */
  readonly parents: readonly number[];
}

/** Orders the stages, or tells all that is wrong with their places. */
export function graphOf(requests: readonly GraphRequest[]): StageGraph | readonly Problem[] {
  const problems: Problem[] = [];
  const places = new Map<string, number>();
  requests.forEach(({ label, at }, place) => {
    if (places.has(label))
      problems.push({
        code: "stages-do-not-fit",
        where: at,
        what: `the name ${label} is taken by an earlier stage`,
        hint: 'Give it a "tag" of its own.',
      });
    else places.set(label, place);
  });
  const parents = requests.map((_, place) => parentOf(requests, places, place, problems));
  checkSources(requests, parents, problems);
  checkEnds(requests, parents, problems);
  const order = orderOf(requests, parents, problems);
  if (problems.length > 0) return problems;
  const positions = new Map(order.map((place, position) => [place, position]));
  return { order, parents: order.map((place) => positions.get(parents[place]!) ?? -1) };
}

/** The place that feeds a stage; -1 of one that nothing feeds, or where what was asked for is not there. */
function parentOf(
  requests: readonly GraphRequest[],
  places: ReadonlyMap<string, number>,
  place: number,
  problems: Problem[],
): number {
  const { from, role, at, label } = requests[place]!;
  if (from === undefined) return role === "source" ? -1 : place - 1;
  if (role === "source") {
    problems.push({
      code: "stages-do-not-fit",
      where: at,
      what: `a source takes no frames, and ${label} shall have those of ${from}`,
    });
    return -1;
  }
  const named = requests.flatMap(({ name }, other) => (name === from ? [other] : []));
  const found = places.get(from) ?? (named.length === 1 ? named[0] : undefined);
  if (found !== undefined) return found;
  const nearest = nearestName(from, [...places.keys()]);
  problems.push({
    code: "stages-do-not-fit",
    where: at,
    what: `there is no stage ${from} to take frames from`,
    hint: nearest ? `Did you mean ${nearest}?` : `The stages are ${[...places.keys()].join(", ")}.`,
  });
  return -1;
}

function checkSources(requests: readonly GraphRequest[], parents: readonly number[], problems: Problem[]): void {
  const first = requests.findIndex(({ role }) => role === "source");
  requests.forEach(({ role, at, from, hasLink }, place) => {
    if (role === "source" && hasLink)
      problems.push({
        code: "stages-do-not-fit",
        where: `${at}, link`,
        what: "no link leads to a source",
        hint: "Say it of the stage behind, which the link leads to.",
      });
    if (place === 0 && role !== "source" && from === undefined)
      problems.push({
        code: "stages-do-not-fit",
        where: at,
        what: `a ${role} cannot be the first stage`,
        hint: "Start with acquire.",
      });
    if (role === "source" && place !== first)
      problems.push({
        code: "stages-do-not-fit",
        where: at,
        what: "a run has one source, this is another",
        hint: "Leave it out, or run it as a pipeline of its own.",
      });
  });
  const isFed = (place: number) => parents[place]! >= 0;
  requests.forEach(({ role, at }, place) => {
    if (!isFed(place)) return;
    const parent = requests[parents[place]!]!;
    if (parent.role !== "sink") return;
    const isBefore = parents[place] === place - 1 && requests[place]!.from === undefined;
    problems.push(
      isBefore
        ? {
            code: "stages-do-not-fit",
            where: parent.at,
            what: "a sink can only be the last stage",
            hint: "Move it to the end, or begin a branch behind it: from NAME.",
          }
        : {
            code: "stages-do-not-fit",
            where: at,
            what: `${parent.label} is a sink and passes no frames on to a ${role}`,
            hint: "Take them from the stage before it.",
          },
    );
  });
}

function checkEnds(requests: readonly GraphRequest[], parents: readonly number[], problems: Problem[]): void {
  requests.forEach(({ role, at, label }, place) => {
    if (role === "sink" || parents.includes(place)) return;
    const isLast = place === requests.length - 1;
    problems.push({
      code: "stages-do-not-fit",
      where: at,
      what: isLast ? `a ${role} cannot be the last stage` : `nothing takes the frames of ${label}`,
      hint: isLast
        ? "End with a stage that stores, as in: then archive --out run.h5."
        : `Take them from ${label}, or leave ${label} out.`,
    });
  });
}

/** Each stage behind the one that feeds it; what goes round in a circle is told. */
function orderOf(
  requests: readonly GraphRequest[],
  parents: readonly number[],
  problems: Problem[],
): readonly number[] {
  const order: number[] = [];
  const isPlaced = new Set<number>();
  for (let wasAdded = true; wasAdded; ) {
    wasAdded = false;
    for (const place of requests.keys()) {
      const parent = parents[place]!;
      if (isPlaced.has(place) || (parent >= 0 && !isPlaced.has(parent))) continue;
      isPlaced.add(place);
      order.push(place);
      wasAdded = true;
    }
  }
  const isInCircle = (place: number) => {
    let at = parents[place]!;
    for (let steps = 0; at >= 0 && at !== place && steps < requests.length; steps++) at = parents[at]!;
    return at === place;
  };
  const circle = [...requests.keys()].filter((place) => !isPlaced.has(place) && isInCircle(place));
  if (circle.length > 0) {
    const names = circle.map((place) => requests[place]!.label);
    problems.push({
      code: "stages-do-not-fit",
      where: requests[circle[0]!]!.at,
      what: `${names.join(", ")} ${names.length === 1 ? "takes its own frames" : "take their frames from one another in a circle"}`,
      hint: "Let one of them begin at the source.",
    });
  }
  return order;
}

/** Positions of the stages from the source to this one, itself included. `parents` as in StageGraph. */
export function pathTo(parents: readonly number[], position: number): readonly number[] {
  const path: number[] = [];
  for (let at = position; at >= 0; at = parents[at]!) path.unshift(at);
  return path;
}
