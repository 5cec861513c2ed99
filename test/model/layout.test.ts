import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runsOf } from '../../src/guest/synthetic/runs.ts';
import { type LayoutOptions, layoutGuest, type PageKind, type Stretch } from '../../src/model/layout.ts';

const PLAIN: LayoutOptions = {
  ...{ pages: 1_000, content_pages: 300, layout: 'boot', islands: 4 },
  ...{ touched_share: 0.1, seed: 1 },
};

const pagesOf = (stretches: readonly Stretch[], kind: PageKind): number =>
  stretches.filter((stretch) => stretch.kind === kind).reduce((sum, { count }) => sum + count, 0);

const options: fc.Arbitrary<LayoutOptions> = fc
  .record({
    pages: fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 600_000 })),
    content: fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1, noNaN: true })),
    layout: fc.constantFrom('boot' as const, 'runs' as const),
    islands: fc.oneof(fc.constantFrom(0, 1), fc.nat(400)),
    touched_share: fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1, noNaN: true })),
    seed: fc.nat(),
  })
  .map(({ content, ...rest }) => ({ ...rest, content_pages: Math.round(rest.pages * content) }));

test('stretches are all pages, each once, in order; content is exact, and so many zero pages touched', () => {
  fc.assert(
    fc.property(options, (some) => {
      const stretches = layoutGuest(some);
      let at = 0;
      for (const { first, count } of stretches) {
        assert.is(first, at);
        assert.ok(Number.isInteger(count) && count > 0);
        at += count;
      }
      assert.is(at, some.pages);
      assert.is(pagesOf(stretches, 'content'), some.content_pages);
      const zero_pages = some.pages - some.content_pages;
      const gaps = stretches.filter(({ kind }, i) => kind !== 'content' && stretches[i - 1]?.kind !== 'zero');
      const off = Math.abs(pagesOf(stretches, 'zero') - zero_pages * some.touched_share);
      assert.ok(off <= gaps.length / 2 + 1e-6, 'half a page a gap is rounded');
      assert.equal(layoutGuest(some), stretches, 'the same once more');
    }),
    { numRuns: 300 },
  );
});

test('after a boot: two fifths at the bottom, three tenths at the top, the rest in islands between', () => {
  const [counts, gaps] = [new Set<number>(), new Set<number>()];
  for (let seed = 1; seed <= 30; seed++) {
    const stretches = layoutGuest({ ...PLAIN, pages: 100_000, content_pages: 10_000, seed });
    const content = stretches.filter(({ kind }) => kind === 'content');
    const [bottom, top] = [content[0], content.at(-1)];
    assert.equal([bottom?.first, bottom?.count], [0, 4_000]);
    assert.equal([top?.first, top?.count], [97_000, 3_000]);
    assert.is(content.length, 6, 'bottom, top and four islands');
    counts.add(content[1]?.count ?? 0);
    const last = content.at(-2);
    gaps.add(97_000 - (last?.first ?? 0) - (last?.count ?? 0));
  }
  assert.ok(counts.size > 20 && gaps.size > 20, 'each seed has islands and gaps of its own');
});

test('without islands all content is at the bottom and at the top', () => {
  const content = layoutGuest({ ...PLAIN, content_pages: 700, islands: 0 }).filter(
    ({ kind }) => kind === 'content',
  );
  assert.equal(
    content.map(({ first, count }) => [first, count]),
    [
      [0, 400],
      [700, 300],
    ],
  );
});

test('one island has all of the rest', () => {
  const content = layoutGuest({ ...PLAIN, islands: 1 }).filter(({ kind }) => kind === 'content');
  assert.equal(
    content.map(({ count }) => count),
    [120, 90, 90],
  );
});

test('touched memory lies before the never-touched in each gap', () => {
  const kinds = layoutGuest({ ...PLAIN, islands: 0, touched_share: 0.3 }).map(({ kind, count }) => [
    kind,
    count,
  ]);
  assert.equal(kinds, [
    ['content', 171],
    ['zero', 210],
    ['untouched', 490],
    ['content', 129],
  ]);
});

test('no content, all content, and a single page', () => {
  for (const layout of ['boot', 'runs'] as const) {
    const kindsOf = (some: Partial<LayoutOptions>) =>
      layoutGuest({ ...PLAIN, layout, touched_share: 0, ...some }).map(({ kind, count }) => [kind, count]);
    assert.equal(kindsOf({ content_pages: 0, pages: 90 }), [['untouched', 90]]);
    assert.equal(kindsOf({ content_pages: 0, pages: 1 }), [['untouched', 1]]);
    assert.equal(kindsOf({ content_pages: 1, pages: 1 }), [['content', 1]]);
    assert.is(
      kindsOf({ content_pages: 90, pages: 90 }).every(([kind]) => kind === 'content'),
      true,
    );
  }
});

test("'runs' is where the synthetic workloads have their content", () => {
  fc.assert(
    fc.property(options, (some) => {
      const stretches = layoutGuest({ ...some, layout: 'runs' });
      const zero_share = (some.pages - some.content_pages) / some.pages;
      assert.equal(
        stretches.filter(({ kind }) => kind === 'content').map(({ first, count }) => [first, count]),
        runsOf(some.pages, zero_share, some.seed)
          .filter(({ is_zero }) => !is_zero)
          .map(({ first, count }) => [first, count]),
      );
    }),
  );
});

test.run();
