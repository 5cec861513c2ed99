/** All that is left of an input, in memory, up to a limit. */
import { fail } from '../errors.ts';
import { TAIL_BYTES_MAX } from '../format/constants.ts';
import type { Reading, Window } from '../format/window.ts';

/** @throws `tail-too-large` */
export function* readTail(window: Window): Reading<Uint8Array<ArrayBuffer>> {
  const offset = window.offset;
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  while (!window.is_ended || window.available_bytes > 0) {
    if (window.available_bytes === 0) yield;
    const piece = window.available().slice();
    window.consume(piece.length);
    pieces.push(piece);
    bytes += piece.length;
    if (bytes > TAIL_BYTES_MAX) throw fail('tail-too-large', { offset, bytes_max: TAIL_BYTES_MAX });
  }
  const tail = new Uint8Array(bytes);
  let at = 0;
  for (const piece of pieces) {
    tail.set(piece, at);
    at += piece.length;
  }
  return tail;
}
