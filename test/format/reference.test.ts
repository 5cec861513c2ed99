/** The oracle itself, against bytes written out by hand and against its own other half. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { describeDevices, PAGE_BYTES, patternPage, StreamBuilder } from '../ref/stream.ts';
import { readBack, readDescription } from '../ref/stream-reader.ts';

/** Spelled by hand from migration/savevm.c and ram.c. */
const BY_HAND = `
  51 45 56 4d 00 00 00 03
  07 00 00 00 04 6e 6f 6e 65
  01 00 00 00 02 03 72 61 6d 00 00 00 00 00 00 00 04
  00 00 00 00 00 00 30 04 03 72 61 6d 00 00 00 00 00 00 30 00
  00 00 00 00 00 00 00 10 7e 00 00 00 02
  02 00 00 00 02
  00 00 00 00 00 00 00 02 03 72 61 6d 00
  00 00 00 00 00 00 10 22 55
  00 00 00 00 00 00 20 02 03 72 61 6d 00
  00 00 00 00 00 00 00 10 7e 00 00 00 02
  03 00 00 00 02 00 00 00 00 00 00 00 10 7e 00 00 00 02
  00 06 00 00 00 02 7b 7d
`;

function minimal(): StreamBuilder {
  return new StreamBuilder()
    .header()
    .configuration('none')
    .start()
    .blockList([{ name: 'ram', bytes: 3 * PAGE_BYTES }])
    .close()
    .part()
    .zero('ram', 0)
    .fill('ram', 1, 0x55)
    .zero('ram', 2, 'named')
    .close()
    .end()
    .close()
    .eof()
    .description('{}');
}

test('the builder writes what was spelled by hand', () => {
  assert.is(Buffer.from(minimal().build()).toString('hex'), BY_HAND.replaceAll(/\s/g, ''));
});

test('the reader finds again what the builder put in', () => {
  const built = new StreamBuilder()
    .header()
    .configuration('pc-i440fx-7.2')
    .start({ id: 77 })
    .blockList([
      { name: 'pc.ram', bytes: 3 * PAGE_BYTES },
      { name: '/rom@etc/acpi/tables', bytes: PAGE_BYTES },
    ])
    .close()
    .part(77)
    .page('pc.ram', 0, patternPage(1))
    .fill('pc.ram', 1, 9)
    .page('/rom@etc/acpi/tables', 0, patternPage(2))
    .close()
    .end(77)
    .zero('/rom@etc/acpi/tables', 0)
    .page('pc.ram', 2, patternPage(3))
    .close()
    .eof()
    .description(describeDevices([]));
  const read = readBack(built.build());
  assert.is(read.machine, 'pc-i440fx-7.2');
  assert.equal(read.section_ids, [77, 77, 77]);
  assert.equal(read.ram, built.ram);
  assert.equal(readDescription(read.tail), { page_size: 4096, devices: [] });
  assert.equal(
    read.records.map((record) => `${record.section} ${record.page} ${record.is_continued}`),
    ['part 0 false', 'part 1 true', 'part 0 false', 'end 0 true', 'end 2 false'],
  );
});

test.run();
