/** The core and its memory. */
import { type Nothing, say } from './words.ts';

export const coreErrors = {
  'wasm-forbidden': (_: Nothing) =>
    say("the page's Content-Security-Policy forbids WebAssembly", "add 'wasm-unsafe-eval' to its script-src"),
  'internal-core': (d: { missing: string }) =>
    say(`the core lacks ${d.missing}`, 'build it again with npm run build'),
  'guest-not-shared': (_: Nothing) =>
    say("the guest's memory is not shared between threads", 'make or read it with shared: true'),
  'arena-foreign-memory': (_: Nothing) =>
    say(
      'no arena made this memory, so what is in use in it is not known',
      'give the memory of an Arena, or none',
    ),
  'arena-not-shared': (_: Nothing) =>
    say("an arena's memory that is not shared is of one arena", 'make that one with shared: true'),
  'memory-full': (d: { wanted_bytes: number }) =>
    say(`no memory for ${d.wanted_bytes} bytes`, 'close other programs, or save a smaller guest'),
} as const;
