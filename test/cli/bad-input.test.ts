/** What could not be done: exit 1, one line that says what to do, and no output under the final name. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { assertRefused, inPlace, type Place } from '../support/cli.ts';
import { assertNames } from '../support/leftovers.ts';

const GUEST = ['save', '--workload', 'idle', '--size', '1MiB'] as const;
const PAGE_BYTES = 4096;

/** The head of a stream of a version, and something behind it. */
function headOf(version: number): Uint8Array {
  return Buffer.from([...Buffer.from('QEVM'), 0, 0, 0, version, 1, 2, 3, 4]);
}

/** What is no stream: its bytes (none: there is no such file), and what is to be said of it. */
const NO_STREAMS: Readonly<Record<string, readonly [bytes: Uint8Array | undefined, says: RegExp]>> = {
  'an empty file': [new Uint8Array(), /input is empty: give a QEMU migration stream/],
  'a wrong magic': [
    new Uint8Array(PAGE_BYTES),
    /no QEMU stream: 0x0 at offset 0, expected 0x5145564d .*; give/,
  ],
  'half a magic': [Buffer.from('QE'), /cut at offset 2 \(0x2\) before .*: record it again/],
  'version 2': [headOf(2), /version 2 at offset 4 .* only 3 is read; save it with/],
  'version 4': [headOf(4), /version 4 at offset 4 .* only 3 is read; save it with/],
  'a missing file': [undefined, /in\.mig cannot be read \(no such file or directory\): check its name/],
};

for (const [name, [bytes, says]] of Object.entries(NO_STREAMS)) {
  test(`load and inspect refuse ${name}`, () =>
    inPlace(async (place) => {
      const names = bytes === undefined ? [] : ['in.mig'];
      if (bytes !== undefined) place.write('in.mig', bytes);
      await place.refused(['load', 'in.mig', '-o', 'ram'], { status: 1, says, names });
      await place.refused(['load', 'in.mig', '-o', 'ram', '--json'], { status: 1, says, names });
      await place.refused(['inspect', 'in.mig'], { status: 1, says, names });
      await place.refused(['inspect', 'in.mig', '--json'], { status: 1, says, names });
    }));
}

test('load and inspect refuse the same through standard input', () =>
  inPlace(async (place) => {
    for (const [bytes, says] of Object.values(NO_STREAMS)) {
      if (bytes === undefined) continue;
      place.write('in.mig', bytes);
      assertRefused(await place.shell('cat in.mig | pagepipe load - -o ram'), { status: 1, says });
      assertRefused(await place.shell('cat in.mig | pagepipe inspect -'), { status: 1, says });
      assertNames(place.folder, ['in.mig']);
    }
  }));

test('a stream that is cut anywhere is refused by load, inspect and save, with the offset', () =>
  inPlace(async (place) => {
    await place.done([...GUEST, '-o', 'whole.mig']);
    const whole = place.read('whole.mig');
    for (const bytes of [8, 30, 100, 5000, whole.length - 1]) {
      place.write('cut.mig', whole.subarray(0, bytes));
      const says = new RegExp(`stream cut at offset ${bytes} .* before .*: record it again`);
      const refusal = { status: 1, says, names: ['cut.mig', 'whole.mig'] };
      await place.refused(['load', 'cut.mig', '-o', 'ram'], refusal);
      await place.refused(['inspect', 'cut.mig'], refusal);
      await place.refused(['save', '--ram', 'cut.mig', '-o', 'out.mig'], refusal);
    }
  }));

test('a folder as input is refused', () =>
  inPlace(async (place) => {
    const refusal = { status: 1, says: /\. cannot be read \(it is a folder\): check/, names: [] };
    await place.refused(['load', '.', '-o', 'ram'], refusal);
    await place.refused(['inspect', '.'], refusal);
    await place.refused(['save', '--ram', '.', '-o', 'out.mig'], refusal);
    await place.refused(['trace', '.'], { status: 1, says: /\. cannot be read .*: check/, names: [] });
  }));

test('save refuses a raw image that is not whole pages, an empty one and a missing one', () =>
  inPlace(async (place) => {
    const args = ['save', '--ram', 'ram', '-o', 'out.mig'];
    await place.refused(args, { status: 1, says: /ram cannot be read .*: check its name/, names: [] });
    place.write('ram', new Uint8Array(PAGE_BYTES + 1));
    await place.refused(args, { status: 1, says: /4097 bytes .* multiple of 4096/, names: ['ram'] });
    place.write('ram', '');
    await place.refused(args, { status: 1, says: /input is empty: give .* raw image/, names: ['ram'] });
  }));

test('save refuses a guest that is too large', () =>
  inPlace((place) =>
    place.refused(['save', '--workload', 'idle', '--size', '64GiB', '-o', 'out.mig'], {
      status: 1,
      says: /more than the \d+ that are taken: use a smaller guest/,
      names: [],
    }),
  ));

test('an output that exists is kept, by each option that names one', () =>
  inPlace(async (place) => {
    place.write('there', 'precious');
    const refusal = { status: 1, says: /there exists: add --force .*, or choose another name/ };
    const names = ['there'];
    for (const via of ['file', 'pipe']) {
      await place.refused([...GUEST, '-o', 'there', '--via', via], { ...refusal, names });
    }
    await place.refused([...GUEST, '-o', 'out.mig', '--keep-ram', 'there'], { ...refusal, names });
    await place.refused([...GUEST, '-o', 'out.mig', '--trace', 'there'], { ...refusal, names });
    await place.done([...GUEST, '-o', 'in.mig']);
    await place.refused(['load', 'in.mig', '-o', 'there'], { ...refusal, names: ['in.mig', 'there'] });
    assert.is(place.read('there').toString(), 'precious');
  }));

test('an output in a folder that is missing, or that is a folder', () =>
  inPlace(async (place) => {
    await place.done([...GUEST, '-o', 'in.mig']);
    for (const command of [[...GUEST], ['load', 'in.mig']]) {
      await place.refused([...command, '-o', 'no/where/out'], {
        status: 1,
        says: /no\/where\/out cannot be written: the folder no\/where does not exist; make it first/,
        names: ['in.mig'],
      });
      await place.refused([...command, '-o', '.'], {
        status: 1,
        says: /\. cannot be written \(it is no regular file\): choose another place/,
        names: ['in.mig'],
      });
    }
    await place.refused(['load', 'in.mig', '--all', '-o', 'no/where'], { status: 1, says: /make it first/ });
  }));

/** Root may write everywhere, but not even root makes files in /sys. */
test('an output in a folder that takes no files', () =>
  inPlace(async (place) => {
    await place.done([...GUEST, '-o', 'in.mig']);
    const path = '/sys/pagepipe-test';
    const refusal = {
      status: 1,
      says: /\/sys\/pagepipe-test cannot be written \(.+\): choose another place/,
      names: ['in.mig'],
    };
    for (const via of ['file', 'pipe']) await place.refused([...GUEST, '-o', path, '--via', via], refusal);
    await place.refused(['load', 'in.mig', '-o', path], refusal);
    // before the save: no stream is there
    for (const option of ['--keep-ram', '--trace']) {
      await place.refused([...GUEST, '-o', 'out.mig', option, path], refusal);
    }
  }));

test('a folder that is there but takes no files is not said to be missing', () =>
  inPlace(async (place) => {
    const refusal = { status: 1, says: /test cannot be written \(its folder takes no files\): choose/ };
    await place.refused([...GUEST, '-o', '/proc/pagepipe-test'], refusal);
    await place.done([...GUEST, '-o', 'in.mig']);
    await place.refused(['load', 'in.mig', '-o', '/proc/pagepipe-test'], refusal);
    await place.refused(['load', 'in.mig', '--all', '-o', '/proc/pagepipe-test'], refusal);
  }));

test('only -o takes a command', () =>
  inPlace(async (place) => {
    for (const option of ['--keep-ram', '--trace']) {
      await place.refused([...GUEST, '-o', 'out.mig', option, 'exec:cat'], {
        status: 1,
        says: /exec:cat cannot be written \(only -o takes a command\)/,
        names: [],
      });
    }
  }));

test('what fails beside a stream that is whole says so, and the stream stays', () =>
  inPlace(async (place) => {
    for (const option of ['--keep-ram', '--trace']) {
      await place.refused([...GUEST, '-o', 'out.mig', '--force', option, '/dev/full'], {
        status: 1,
        says: /no space left for \/dev\/full at byte 0; the stream out\.mig is whole: keep it or rerun/,
        names: ['out.mig'],
      });
      await place.done(['load', 'out.mig', '-o', 'ram', '--force']);
      await place.shell('rm ram');
    }
  }));

test('load names the blocks where the one asked for is not there', () =>
  inPlace(async (place) => {
    await place.done([...GUEST, '-o', 'in.mig']);
    await place.refused(['load', 'in.mig', '--block', 'vram', '-o', 'ram'], {
      status: 1,
      says: /no RAM block "vram": name one of "ram"/,
      names: ['in.mig'],
    });
  }));

test('the failure of the command behind exec: is that of the save', () =>
  inPlace(async (place) => {
    const exec = (command: string) => [...GUEST, '-o', `exec:${command}`];
    await place.refused(exec('cat >/dev/null; exit 3'), {
      status: 1,
      says: /"cat >\/dev\/null; exit 3" ended with status 3: .*run it again/,
    });
    await place.refused(exec('head -c 100 >/dev/null'), {
      status: 1,
      says: /head -c 100.*: .*read the whole stream/,
    });
    await place.refused(exec('kill -9 $$'), { status: 1, says: /SIGKILL: .*run it again/ });
    assertNames(place.folder, []);
  }));

/** A full disk that is always there. */
test('a device without space fails the save', () =>
  inPlace(async (place) => {
    for (const via of ['file', 'pipe']) {
      await place.refused([...GUEST, '-o', '/dev/full', '--via', via], {
        status: 1,
        says: /no space left for \/dev\/full at byte \d+: free some/,
        names: [],
      });
    }
    await withStream(place, (args) =>
      place.refused([...args, '-o', '/dev/full'], { status: 1, says: /no space left for \/dev\/full/ }),
    );
  }));

async function withStream(place: Place, use: (args: readonly string[]) => Promise<void>): Promise<void> {
  await place.done([...GUEST, '-o', 'in.mig']);
  await use(['load', 'in.mig']);
}

test('trace refuses what holds no span', () =>
  inPlace(async (place) => {
    await place.refused(['trace', 'log'], { status: 1, says: /log cannot be read .*: check its name/ });
    for (const text of ['', 'nothing of the kind\n', '5.198 > Begin\n']) {
      place.write('log', text);
      await place.refused(['trace', 'log'], { status: 1, says: /no whole span: give what save --trace/ });
    }
  }));

test('demo refuses a folder that is missing', () =>
  inPlace((place) =>
    place.refused(['demo', '--size', '1MiB', '--dir', 'nowhere'], {
      status: 1,
      says: /nowhere cannot be written \(no such file or directory\): choose another place/,
      names: [],
    }),
  ));

test.run();
