/** What an observer of a run sees: the newest frames, in a frame stream of its own. The run never waits for it. */
import { harmlessReasons } from "../core/model/run-report.js";
import { type OptionsOf, option } from "../core/option/option.js";
import { defineStage } from "../core/pipeline/stage.js";

const options = {
  address: option.text({ doc: "Where readers find it: unix:PATH or fifo:PATH.", required: true }),
  of: option.text({ doc: "The stage whose frames these are.", required: true }),
};

type Plan = OptionsOf<typeof options>;

/** What the tap's thread is given: where readers come in; of a named pipe nothing. */
interface Entrance {
  readonly seats: SharedArrayBuffer | null;
}

/** A reader that takes nothing for so long is left alone when a newer frame waits. */
const patienceMs = 2;
/** While no frame comes it is looked so often whether readers came, or take more of what they have. */
const lookEveryMs = 50;
/** When the run is over, a reader that takes nothing for so long is cut off. */
const farewellMs = 50;

const pathOf = ({ address }: Plan) => address.slice(address.indexOf(":") + 1);
const isPipe = ({ address }: Plan) => address.startsWith("fifo:");
const placeOf = ({ of, address }: Plan) => `${of}, --tap ${address}`;

export const tap = defineStage<typeof options, Plan, undefined, Entrance>({
  name: "tap",
  role: "sink",
  isTransport: true,
  summary: "Show the newest frames to whoever reads.",
  options,
  examples: [],
  negotiate(input, o) {
    return { output: input!, plan: o };
  },
  async check(plan) {
    const [{ pipeProblem }, { socketPathProblem }] = await Promise.all([
      import("../core/stream/tap/readers.js"),
      import("../core/stream/socket-path.js"),
    ]);
    const problem = (isPipe(plan) ? pipeProblem : socketPathProblem)(placeOf(plan), pathOf(plan));
    return problem ? [problem] : [];
  },
  async connect(plan, { holder }) {
    if (isPipe(plan)) return undefined;
    const { openDoor } = await import("../core/stream/tap/door.js");
    const door = await openDoor(placeOf(plan), plan.of, pathOf(plan), holder);
    return { data: { seats: door.seats }, disconnect: () => door.close() };
  },
  async open(plan, context) {
    const [{ TapReader }, { arrivalsAt, arrivalsOfPipe }, { nap }, { later, msSince, now }] = await Promise.all([
      import("../core/stream/tap/tap-reader.js"),
      import("../core/stream/tap/readers.js"),
      import("../core/stream/byte-pipe.js"),
      import("../core/time.js"),
    ]);
    const seats = context.connection?.seats;
    const arrivals = seats ? arrivalsAt(seats) : arrivalsOfPipe(pathOf(plan));
    const descriptor = { ...context.input, frameCount: null };
    const readers = new Map<InstanceType<typeof TapReader>, { leave(): void }>();
    let lookedAt = now();
    let came = 0;
    let shown = 0;

    function welcome(): void {
      for (const arrival of arrivals()) {
        readers.set(new TapReader(arrival.fd, descriptor), arrival);
        came++;
      }
    }

    /** Writes until every reader has all, or those that have not take nothing and `isOver`. */
    function write(isOver: (idleMs: number) => boolean): void {
      let movedAt = now();
      let hasMoved = false;
      let napMs = 0.05;
      for (;;) {
        let isBusy = false;
        let taken = 0;
        for (const [reader, arrival] of readers) {
          taken += reader.write();
          if (reader.isGone) {
            readers.delete(reader);
            arrival.leave();
          } else isBusy ||= !reader.isIdle;
        }
        if (!isBusy) return;
        if (taken > 0) {
          movedAt = now();
          hasMoved = true;
          napMs = 0.05;
        } else if (context.isAborted() || isOver(msSince(movedAt))) return;
        else {
          // The run's own clock does not sleep any more once it drains.
          nap(napMs);
          napMs = Math.min(hasMoved ? 1 : 10, napMs * 1.5);
        }
      }
    }

    return {
      upkeep: {
        dueAt: () => later(lookedAt, lookEveryMs),
        run() {
          welcome();
          write(() => true);
          lookedAt = now();
        },
      },
      push(frame) {
        welcome();
        let isShown = false;
        for (const reader of readers.keys()) {
          if (!reader.isIdle) continue;
          reader.offer(frame);
          isShown = true;
        }
        // Who was behind before is not waited for.
        const patience = isShown ? patienceMs : 0;
        write((idleMs) => idleMs >= patience && context.isNextWaiting());
        for (const reader of readers.keys()) reader.keepRest();
        lookedAt = now();
        if (isShown) shown++;
        return isShown ? undefined : { drop: harmlessReasons.notShown };
      },
      event(event) {
        for (const reader of readers.keys()) reader.event(event);
      },
      flush(end) {
        welcome();
        write((idleMs) => idleMs >= farewellMs);
        for (const reader of readers.keys()) reader.end(end);
        // So few bytes go at once, or to nobody who reads.
        write(() => true);
      },
      summary: () => ({ readers: came, shown }),
      close() {
        for (const arrival of readers.values()) arrival.leave();
        readers.clear();
      },
    };
  },
});
