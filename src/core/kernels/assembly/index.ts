// Every kernel of Mote. They take addresses in the one shared memory, allocate nothing and keep nothing.
export { copyRows_f32, copyRows_u16, copyRows_u8, extremes_u16 } from "./copy-rows";
export { movingAverage_u16 } from "./moving-average";
export { bandPass_u16 } from "./band-pass";
export { bandPassSingle_u16, exactMost_u16 } from "./band-pass-single";
export { scaleSingle_u16 } from "./scale-single";
export { scale_f64 } from "./scale";
export { summarize_u16 } from "./summarize";
export { bracketSamples_f32, percentileOfNonZero_u16 } from "./percentile";
export { findPeaks_u16 } from "./find-peaks";
export { refine_u16 } from "./refine";
export { dropClose } from "./drop-close";
export { characterize_u16 } from "./characterize";
export { finishBackground_u16, measureBackground_f32, sumBackground_u16 } from "./measure-background";
export { averageColumns_f32, averageRows_f32, bandPass_f32, brightest_f32, rawMass_f32, scale_f32 } from "./float-image";
export { addBead_u16, addBead_u8, renderBackground_u16, renderBackground_u8 } from "./render";
export { bitShuffle_u16, bitShuffle_u32, bitShuffle_u8 } from "./bit-shuffle";
export { lz4Compress } from "./lz4";
export { decodeGradient_u16 } from "./decode-gradient";
