import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PageSet } from '../../src/model/page-set.ts';

/** Around the edges of words, of words of the summary, and of more than one of these. */
const SIZES = [1, 2, 31, 32, 33, 63, 64, 65, 1023, 1024, 1025, 2049, 32_767, 32_768, 32_769];

/** The first of a plain set from a page on. */
function nextOf(oracle: ReadonlySet<number>, page: number, pages: number): number {
  let at = page;
  while (at < pages && !oracle.has(at)) at++;
  return Math.min(at, pages);
}

test('it is a set: any program of adds, deletes and questions goes as with a plain one', () => {
  const programs = fc.constantFrom(...SIZES).chain((pages) =>
    fc.record({
      pages: fc.constant(pages),
      steps: fc.array(
        fc.tuple(
          fc.constantFrom('add' as const, 'add' as const, 'delete' as const, 'all' as const, 'run' as const),
          fc.oneof(fc.nat(pages - 1), fc.constantFrom(0, pages - 1, pages >> 1)),
        ),
        { maxLength: 60, size: 'max' },
      ),
      asked: fc.array(fc.nat(pages + 1), { minLength: 5, maxLength: 5 }),
    }),
  );
  fc.assert(
    fc.property(programs, ({ pages, steps, asked }) => {
      const [set, oracle] = [new PageSet(pages), new Set<number>()];
      for (const [kind, page] of steps) {
        if (kind === 'all') {
          // seldom, or nothing else would be seen
          if (page % 5 !== 0) continue;
          set.addAll();
          for (let i = 0; i < pages; i++) oracle.add(i);
        } else if (kind === 'add') {
          set.add(page);
          oracle.add(page);
        } else {
          for (let i = page; i < Math.min(pages, page + (kind === 'run' ? 1_100 : 1)); i++) {
            set.delete(i);
            oracle.delete(i);
          }
        }
        assert.is(set.size, oracle.size);
        for (const at of [0, page, page + 1, ...asked]) {
          assert.is(set.next(at), nextOf(oracle, at, pages), `next(${at}) of ${pages}`);
          if (at < pages) assert.is(set.has(at), oracle.has(at));
        }
      }
    }),
    { numRuns: 200 },
  );
});

for (const pages of SIZES) {
  test(`${pages} pages: a walk over all finds each once, in order, and each alone is found`, () => {
    const set = new PageSet(pages);
    assert.is(set.next(0), pages);
    set.addAll();
    assert.is(set.size, pages);
    let walked = 0;
    for (let page = set.next(0); page < pages; page = set.next(page + 1)) assert.is(page, walked++);
    assert.is(walked, pages);
    for (let page = 0; page < pages; page++) set.delete(page);
    assert.equal([set.size, set.next(0)], [0, pages]);
    for (const page of [0, 31, 32, 1023, 1024, pages - 1].filter((at) => at < pages)) {
      set.add(page);
      set.add(page);
      assert.equal([set.size, set.next(0), set.next(page), set.next(page + 1)], [1, page, page, pages]);
      set.delete(page);
      set.delete(page);
      assert.equal([set.size, set.next(0)], [0, pages]);
    }
  });
}

test('no pages at all', () => {
  const set = new PageSet(0);
  set.addAll();
  assert.equal([set.size, set.next(0), set.has(0)], [0, 0, false]);
});

test.run();
