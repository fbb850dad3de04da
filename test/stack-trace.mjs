/** Plain JavaScript, because the fuzzer's processes need it too. */

/** In what a program said: the lines of a stack, also within a string of JSON, or the hint that it is a defect of Mote. */
export const stackTrace = /(^[ \t]+| {4})at |defect/m;
