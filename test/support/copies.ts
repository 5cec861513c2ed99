/** Counts what JavaScript copies between typed arrays. */

/** Runs something, and gives the bytes of every copy between arrays that it made in JavaScript. */
export async function copiesOf(run: () => unknown): Promise<number[]> {
  const copies: number[] = [];
  const proto: Uint8Array = Object.getPrototypeOf(Uint8Array.prototype);
  const { set, slice, copyWithin } = proto;
  proto.set = function (source, offset) {
    copies.push(source.length);
    return set.call(this, source, offset);
  };
  proto.slice = function (start, end) {
    const made = slice.call(this, start, end);
    copies.push(made.byteLength);
    return made;
  };
  proto.copyWithin = function (target, start, end) {
    copies.push((end ?? this.length) - start);
    return copyWithin.call(this, target, start, end);
  };
  try {
    await run();
  } finally {
    Object.assign(proto, { set, slice, copyWithin });
  }
  return copies;
}

export const sum = (numbers: readonly number[]): number =>
  numbers.reduce((total, number) => total + number, 0);
