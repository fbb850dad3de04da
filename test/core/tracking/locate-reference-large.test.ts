/** The plain twin takes seconds for a frame of 2048 x 2048. */
import { expectReference } from "./locate-judge.js";

expectReference({ images: "beads_2048", table: "beads_2048", frames: [0] });
