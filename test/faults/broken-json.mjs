/** A preload in which the schema cannot be made into text: what a mistake of the program looks like from outside. */
const { stringify } = JSON;

JSON.stringify = (value, ...given) => {
  if (value?.$schema !== undefined) throw new TypeError("broken on purpose");
  return stringify(value, ...given);
};
