/** Standard input, standard output, exec:, FIFOs: pagepipe among other programs. */
import { execFileSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { InspectDocument } from '../../src/results/inspect.ts';
import type { ResultDocument } from '../../src/results/result.ts';
import { assertRefused, type Ended, inPlace, type Place } from '../support/cli.ts';
import { assertNames } from '../support/leftovers.ts';

const SIZE_BYTES = 16 * 2 ** 20;
const GUEST = '--workload idle --size 16MiB --seed 9';

function assertDone({ status, stderr }: Ended): void {
  assert.is(status, 0, stderr);
}

/** The RAM that the stream must hold, written by the plainest arrangement. */
async function expectRam(place: Place, name: string): Promise<void> {
  await place.done(['load', name, '-o', 'loaded.ram', '--force']);
  assert.is(place.read('loaded.ram').length, SIZE_BYTES);
  assert.ok(place.read('loaded.ram').equals(place.read('kept.ram')), name);
}

for (const via of ['pipe', 'file']) {
  test(`-o - into a pipe, --via ${via}: the stream and nothing else`, () =>
    inPlace(async (place) => {
      const save = `pagepipe save ${GUEST} --via ${via} --keep-ram kept.ram`;
      const ended = await place.shell(`${save} -o - | cat > out.mig`);
      assertDone(ended);
      assert.match(ended.stderr, /^saved 16\.0 MiB in /);
      await expectRam(place, 'out.mig');
    }));

  test(`-o - into a file and into a socket, --via ${via}`, () =>
    inPlace(async (place) => {
      assertDone(await place.shell(`pagepipe save ${GUEST} --via ${via} --keep-ram kept.ram -o - > out.mig`));
      await expectRam(place, 'out.mig');
      // what Node gives a child as standard output is a socket
      const ended = await place.run(['save', ...GUEST.split(' '), '--via', via, '-o', '-']);
      assertDone(ended);
      place.write('socket.mig', ended.stdout);
      await expectRam(place, 'socket.mig');
    }));

  test(`into a FIFO, which is written in place and needs no --force, --via ${via}`, () =>
    inPlace(async (place) => {
      execFileSync('mkfifo', [place.path('fifo')]);
      const save = `pagepipe save ${GUEST} --via ${via} --keep-ram kept.ram -o fifo`;
      assertDone(await place.shell(`cat fifo > out.mig & ${save}; status=$?; wait; exit $status`));
      await expectRam(place, 'out.mig');
      // inPlace checks that no FIFO is left: this one is ours
      await place.shell('test -p fifo && rm fifo');
      assertNames(place.folder, ['kept.ram', 'loaded.ram', 'out.mig']);
    }));
}

test('with -o - the JSON document has standard error', () =>
  inPlace(async (place) => {
    const { status, stdout, stderr } = await place.run(['save', ...GUEST.split(' '), '-o', '-', '--json']);
    assert.is(status, 0);
    const result: ResultDocument = JSON.parse(stderr);
    assert.is(result.stream_bytes, stdout.length);
    assert.is(stdout.toString('latin1', 0, 4), 'QEVM');
  }));

test('exec: gives the command the stream', () =>
  inPlace(async (place) => {
    const exec = ['-o', 'exec:gzip -1 > out.gz && echo done >&2', '--keep-ram', 'kept.ram'];
    const ended = await place.run(['save', ...GUEST.split(' '), ...exec]);
    assertDone(ended);
    assert.match(ended.stderr, /^done$/m);
    assertDone(await place.shell('gzip -dc out.gz > out.mig'));
    await expectRam(place, 'out.mig');
  }));

test('standard input as the guest, a stream or a raw image; and for load, inspect and trace', () =>
  inPlace(async (place) => {
    await place.done(['save', ...GUEST.split(' '), '-o', 'first.mig', '--keep-ram', 'kept.ram']);
    assertDone(await place.shell('cat first.mig | pagepipe save --ram - -o from-stream.mig'));
    await expectRam(place, 'from-stream.mig');
    assertDone(await place.shell('cat kept.ram | pagepipe save --ram - -o from-image.mig'));
    await expectRam(place, 'from-image.mig');
    assertDone(await place.shell('cat first.mig | pagepipe load - -o piped.ram'));
    assert.ok(place.read('piped.ram').equals(place.read('kept.ram')));
    assertDone(await place.shell('pagepipe load - -o file.ram < first.mig'));
    assert.ok(place.read('file.ram').equals(place.read('kept.ram')));
    const piped = await place.shell('cat first.mig | pagepipe inspect - --json');
    const found: InspectDocument = JSON.parse(piped.stdout.toString());
    const of_file: InspectDocument = JSON.parse(await place.done(['inspect', 'first.mig', '--json']));
    // what gzip would give is from samples, and which those are goes by the pieces that come
    const gzip_bytes = found.advice.gzip_bytes ?? 0;
    assert.ok(gzip_bytes > 0 && gzip_bytes <= found.stream_bytes);
    const advice = { ...found.advice, gzip_bytes: of_file.advice.gzip_bytes };
    assert.equal({ ...found, advice }, of_file);
  }));

test('load -o - gives the RAM and nothing else', () =>
  inPlace(async (place) => {
    await place.done(['save', ...GUEST.split(' '), '-o', 'in.mig', '--keep-ram', 'kept.ram']);
    const ended = await place.shell('pagepipe load in.mig -o - | cat > piped.ram');
    assertDone(ended);
    assert.ok(place.read('piped.ram').equals(place.read('kept.ram')));
    assert.match(ended.stderr, /^loaded 16\.0 MiB of RAM /);
    // what Node gives a child as standard output is a socket
    const { status, stdout, stderr } = await place.run(['load', 'in.mig', '-o', '-']);
    assert.is(status, 0, stderr);
    assert.ok(stdout.equals(place.read('kept.ram')));
  }));

test('load -o - goes on where standard output is, and leaves what was written before', () =>
  inPlace(async (place) => {
    await place.done(['save', ...GUEST.split(' '), '-o', 'in.mig', '--keep-ram', 'kept.ram']);
    assertDone(await place.shell('{ echo before; pagepipe load in.mig -o -; echo after; } > all'));
    const ram = place.read('kept.ram');
    assert.ok(
      place.read('all').equals(Buffer.concat([Buffer.from('before\n'), ram, Buffer.from('after\n')])),
    );
  }));

test('load -o - --json has its document on standard error', () =>
  inPlace(async (place) => {
    await place.done(['save', ...GUEST.split(' '), '-o', 'in.mig', '--keep-ram', 'kept.ram']);
    for (const output of ['-', '/dev/stdout']) {
      assertDone(await place.shell(`pagepipe load in.mig -o ${output} --json > ram 2> document`));
      assert.ok(place.read('ram').equals(place.read('kept.ram')));
      assert.is(JSON.parse(place.read('document').toString()).written_bytes, SIZE_BYTES);
    }
  }));

test('load says where its reader went away', () =>
  inPlace(async (place) => {
    await place.done(['save', ...GUEST.split(' '), '-o', 'in.mig']);
    await place.shell('{ pagepipe load in.mig -o - 2> error; echo $? > status; } | head -c 100 > /dev/null');
    assert.match(place.read('error').toString(), /^pagepipe: the reader of standard output went away .*\n$/);
    assert.is(place.read('status').toString(), '1\n');
  }));

test('with --keep-ram - the RAM has standard output, and the rest standard error', () =>
  inPlace(async (place) => {
    const save = `pagepipe save ${GUEST} -o out.mig --force --keep-ram -`;
    for (const [options, said] of [
      ['', /^saved 16\.0 MiB in /],
      ['--json', /^\{\n/],
    ] as const) {
      assertDone(await place.shell(`${save} ${options} > kept.ram 2> said`));
      assert.match(place.read('said').toString(), said);
      await expectRam(place, 'out.mig');
    }
  }));

test('a whole pipeline: save, save again, load', () =>
  inPlace(async (place) => {
    const first = `pagepipe save ${GUEST} --keep-ram kept.ram -o - 2>/dev/null`;
    const again = 'pagepipe save --ram - -o - 2>/dev/null';
    assertDone(await place.shell(`${first} | ${again} | pagepipe load - -o piped.ram`));
    assert.ok(place.read('piped.ram').equals(place.read('kept.ram')));
  }));

test('a reader that has seen enough is no error of inspect, and one of save', () =>
  inPlace(async (place) => {
    await place.done(['save', ...GUEST.split(' '), '-o', 'in.mig']);
    const inspect = await place.shell('{ pagepipe inspect in.mig --json; echo $? > status; } | head -n 1');
    assert.is(inspect.stdout.toString(), '{\n');
    assert.is(inspect.stderr, '');
    assert.is(place.read('status').toString(), '0\n');
    for (const via of ['pipe', 'file']) {
      const save = `pagepipe save ${GUEST} --via ${via} -o -`;
      await place.shell(`{ ${save} 2> error; echo $? > status; } | head -c 100 > /dev/null`);
      const error = {
        status: 1,
        signal: null,
        stdout: Buffer.alloc(0),
        stderr: place.read('error').toString(),
      };
      // what head has read, or the pipe has taken
      const says = /the reader of standard output went away after ([1-9]\d{2,}) bytes: use one that reads/;
      assertRefused(error, { status: 1, says });
      assert.is(place.read('status').toString(), '1\n');
    }
  }));

test.run();
