/** The commands, in the order of the help. Each one's code is loaded when it is called. */
import type { Command } from 'commander';

export interface CommandEntry {
  readonly name: string;
  /** What stands behind the name in the list of commands. */
  readonly usage: string;
  readonly about: string;
  /** Loads what adds arguments, options and action to the command. */
  readonly load: () => Promise<(command: Command) => void>;
}

export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'save',
    usage: '[options]',
    about: 'save a guest as a QEMU migration stream',
    load: async () => (await import('./save.ts')).defineSave,
  },
  {
    name: 'load',
    usage: '[options] <IN>',
    about: "write a stream's RAM as a raw image",
    load: async () => (await import('./load.ts')).defineLoad,
  },
  {
    name: 'inspect',
    usage: '[options] <IN>',
    about: 'show the sections, blocks and page kinds of a stream',
    load: async () => (await import('./inspect.ts')).defineInspect,
  },
  {
    name: 'simulate',
    usage: '[options] <SCENARIO>',
    about: 'a save in virtual time, on a machine that one need not have',
    load: async () => (await import('./simulate.ts')).defineSimulate,
  },
  {
    name: 'sweep',
    usage: '[options] <SCENARIO>',
    about: 'many saves in virtual time, on all cores: a line for each setting and seed',
    load: async () => (await import('./sweep.ts')).defineSweep,
  },
  {
    name: 'calibrate',
    usage: '[options]',
    about: 'measure what the parts of a save cost on this machine, for the model',
    load: async () => (await import('./calibrate.ts')).defineCalibrate,
  },
  {
    name: 'trace',
    usage: '[options] <LOG>',
    about: "summarise a Begin/Iterate/Complete log, such as the thread's",
    load: async () => (await import('./trace.ts')).defineTrace,
  },
  {
    name: 'compare',
    usage: '[options] <BASE> <NEW>',
    about: 'two sets of results side by side: is the change more than noise?',
    load: async () => (await import('./compare.ts')).defineCompare,
  },
  {
    name: 'bench',
    usage: '[options]',
    about: "the speed of the core's kernels and of whole saves on this machine, in GB/s",
    load: async () => (await import('./bench.ts')).defineBench,
  },
  {
    name: 'demo',
    usage: '[options]',
    about: "the thread's experiment on this machine, side by side",
    load: async () => (await import('./demo.ts')).defineDemo,
  },
];
