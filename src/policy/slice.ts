import { type Policy, wrapped } from './policy.ts';

/** How long QEMU lets one iterate take since 1.2 (migration/ram.c, MAX_WAIT). */
export const QEMU_SLICE_NS = 50_000_000;

/**
 * Any policy, and the loop returns once a turn has taken `slice_ns`: QEMU's cure of 2012 for iterates that do not
 * end. The loop asks after each encode, so a turn takes the slice and at most one encode and one write more. It
 * cannot cut short a write that the kernel blocks.
 *
 * @example const policy = slice(unlimited, QEMU_SLICE_NS);
 */
export function slice(policy: Policy, slice_ns: number): Policy {
  return (start_ns) => {
    const inner = policy(start_ns);
    let turn_began_ns = start_ns;
    return wrapped(inner, {
      turn(now_ns) {
        turn_began_ns = now_ns;
        inner.turn(now_ns);
      },
      mustReturn: (now_ns) => now_ns - turn_began_ns >= slice_ns || inner.mustReturn(now_ns),
    });
  };
}
